"""Serve a transformers model over HTTP with the part of SGLang's protocol that evaluations use."""
