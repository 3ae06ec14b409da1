"""Intervals and tests: pure functions over counts."""
