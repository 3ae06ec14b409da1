"""Judging stored answers by the rules of the benchmarks' own evaluators, which guess at random where these never do."""
