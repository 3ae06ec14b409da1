"""A package for SGLANG_EXTERNAL_MODEL_PACKAGE: model classes with one fault each, which parity must find."""
