"""Training of the demo models on the generated world; needs torch, transformers, tokenizers and, for speed, a GPU."""
