"""What identifies a job's model and engine, so that answers of different ones are never mixed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from evals.spec import EngineSpec, ModelSpec, digest
from workers.engines.base import INSIDE
from workers.model_files import local_folder
from workers.server import Server

_MIB = 2**20
_READ_WHOLE_BYTES = 16 * _MIB
_PROBES = 16
_IDENTITY = "answered_by"


def model_digest(model: ModelSpec) -> str | None:
    """Return a hash over a local model's files, or a cached hub model's commit; None when neither is to be seen.

    Files up to 16 MiB count whole (config, tokenizer, chat template, index). Larger ones count with their size and
    sixteen MiB spread over them: to hash a hundred gigabytes of weights would take longer than to load them.
    """
    folder = local_folder(model)
    if folder is None:
        return _hub_commit(model)
    if not folder.is_dir():
        return None
    return digest([(path.name, _content(path)) for path in sorted(folder.iterdir()) if path.is_file()])


def tree_digest(folder: Path) -> str:
    """Return a hash over the Python files below a folder."""
    return digest([(str(path.relative_to(folder)), _content(path)) for path in sorted(folder.rglob("*.py"))])


def identity_facts(server: Server, engine: EngineSpec, model: str | None) -> dict[str, Any]:
    """Return the facts that say who answers: the model, the engine's versions, arguments and code.

    model: what `model_digest` said before the launch.
    """
    code = [tree_digest(INSIDE)]
    if engine.external_package is not None:
        code.append(tree_digest(Path(engine.external_package)))
    arguments = [word for word in server.command if not word.startswith("--port")]
    facts = {_IDENTITY: digest([model, dict(server.versions), arguments or server.base_url, code])}
    if engine.external_package is not None:
        facts["external_package_sha256"] = code[1]
    return facts if model is None else {**facts, "model_files": model}


def is_another(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Tell whether answers stored under the facts `before` came from another model or engine than `now`."""
    return _IDENTITY in before and before[_IDENTITY] != now[_IDENTITY]


def _content(path: Path) -> str:
    size = path.stat().st_size
    if size <= _READ_WHOLE_BYTES:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    hashed = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for probe in range(_PROBES):
            file.seek((size - _MIB) * probe // (_PROBES - 1))
            hashed.update(file.read(_MIB))
    return hashed.hexdigest()


def _hub_commit(model: ModelSpec) -> str | None:
    """Return the commit that the hub's cache on this host holds for a model's revision."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    reference = cache / f"models--{model.path.replace('/', '--')}" / "refs" / (model.revision or "main")
    return f"commit {reference.read_text().strip()}" if reference.is_file() else model.revision
