"""Accuracy benchmarks, with lm-eval as the harness."""
