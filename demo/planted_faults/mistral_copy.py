"""Make a Mistral with a short sliding window out of the demo model's weights, which are laid out alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

WINDOW = 64


def copy_as_mistral(source: Path, target: Path) -> Path:
    """Return `target`, a new folder with the Llama model of `source` under a Mistral configuration."""
    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_text())
    config |= {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": WINDOW}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return target
