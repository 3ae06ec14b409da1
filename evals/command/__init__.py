"""`python -m evals`: workloads against any server, and scores of stored answers, without queue and database."""
