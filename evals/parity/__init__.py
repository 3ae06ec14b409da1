"""Is it the same model? Log-probabilities and greedy tokens of two servers, position by position."""
