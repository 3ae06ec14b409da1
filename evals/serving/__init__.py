"""Serving performance: a load generator that only stamps what arrives, and the figures that its stamps prove.

Why no library: against a null server, 512 streams of 64 tokens on two shared cores, SGLang's Python client reaches a
third of the ideal rate and aiperf an eighth; what they report as the server's latency is then their own. Here a
callback stamps and appends, and nothing is parsed before the pass is over.
"""
