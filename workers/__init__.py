"""The processes that add facts: the queue, its workers and the engines they start."""
