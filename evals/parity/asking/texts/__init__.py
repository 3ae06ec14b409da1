"""The texts that parity prompts are made of."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


@lru_cache(maxsize=1)
def load_texts() -> dict[str, Any]:
    """Return the texts by group and name, as `prompts.yaml` has them."""
    texts: dict[str, Any] = yaml.safe_load((resources.files(__name__) / "prompts.yaml").read_text(encoding="utf-8"))
    return texts
