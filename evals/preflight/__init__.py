"""The static check of a new model file for SGLang: what its guide for new models asks for, before any GPU is used."""
