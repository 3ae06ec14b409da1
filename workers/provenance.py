"""What identifies a job's model files and engine, so that answers of different ones are never mixed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evals.spec import ModelSpec, digest
from workers.model_files import local_folder
from workers.server import Server

_READ_WHOLE_BYTES = 16 * 2**20
_IDENTITY = "answered_by"


def model_digest(model: ModelSpec) -> str | None:
    """Return a hash over a local model's files, None for a hub name.

    Files up to 16 MiB count with their content (config, tokenizer, chat template, index), larger ones with their size:
    hashing a hundred gigabytes of weights would take longer than loading them.
    """
    folder = local_folder(model)
    if folder is None or not folder.is_dir():
        return None
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return digest([(path.name, _content(path)) for path in files])


def _content(path: Path) -> str:
    size = path.stat().st_size
    return f"{size} bytes" if size > _READ_WHOLE_BYTES else hashlib.sha256(path.read_bytes()).hexdigest()


def identity_facts(server: Server, model: ModelSpec) -> dict[str, Any]:
    """Return the facts that say who answers: the model's files, the engine's versions and its arguments."""
    files = model_digest(model)
    arguments = [word for word in server.command if not word.startswith("--port")]
    who = digest([files, dict(server.versions), arguments or server.base_url])
    return {"model_files": files, _IDENTITY: who} if files else {_IDENTITY: who}


def is_another(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Tell whether answers stored under the facts `before` came from another model or engine than `now`."""
    return _IDENTITY in before and before[_IDENTITY] != now[_IDENTITY]
