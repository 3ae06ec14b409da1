"""How often verdicts and intervals are wrong: parts of `benchmarks.operating_characteristics`."""
