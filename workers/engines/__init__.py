"""Engines: for each a command, an environment and a readiness probe."""
