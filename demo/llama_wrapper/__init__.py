"""A package for SGLANG_EXTERNAL_MODEL_PACKAGE: a Llama that writes the same texts with other probabilities."""
