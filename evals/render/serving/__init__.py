"""Serving workloads in words: rows, tables and comments."""
