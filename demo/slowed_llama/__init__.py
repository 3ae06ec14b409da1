"""A package for SGLANG_EXTERNAL_MODEL_PACKAGE: a Llama that is right and a tenth slower."""
