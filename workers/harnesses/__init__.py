"""Harnesses that run in environments of their own, beside the engines' and the service's."""
