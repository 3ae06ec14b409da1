"""The command line: `plumbline`."""
