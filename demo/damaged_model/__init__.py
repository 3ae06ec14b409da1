"""A package for SGLANG_EXTERNAL_MODEL_PACKAGE: demo-llm's architecture with one small fault, to be caught."""
