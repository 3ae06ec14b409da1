"""Accuracy benchmarks with sgl-eval as the harness: what is asked of it, and what its records mean. Starts nothing."""
