"""Suites: named lists of workloads with their margins, one YAML file each."""
