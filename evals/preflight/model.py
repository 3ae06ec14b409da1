"""What is known of the model that a file is written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIG_MODALITIES = {"vision_config": "get_image_feature", "audio_config": "get_audio_feature"}
"""The parts of a config that say what a model takes besides text, and the method that each needs."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """Hold what is known of the model that the code is meant for; architectures: in place of the config's."""

    config: Mapping[str, Any] | None = None
    folder: Path | None = None
    architectures: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """Return the architectures that the model asks for, or None when nobody said."""
        if self.architectures or self.config is None:
            return self.architectures or None
        return tuple(str(name) for name in self.config.get("architectures") or ())

    @property
    def modalities(self) -> tuple[str, ...]:
        """Return the parts of the config that say what a model takes besides text."""
        return tuple(key for key in CONFIG_MODALITIES if (self.config or {}).get(key))
