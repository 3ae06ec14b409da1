"""One YAML file for each suite: the workloads, the deciding metrics, and how much worse is tolerated."""
