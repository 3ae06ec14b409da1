"""A tiny evaluator for the README's figures; Plumbline itself is the evaluator for everything else."""
