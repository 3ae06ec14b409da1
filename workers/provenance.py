"""What identifies a job's model and engine, so that answers of different ones are never mixed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec, digest
from workers.engines.base import INSIDE
from workers.engines.environments import environment_for
from workers.engines.registry import local_engine
from workers.external_code import with_checked_code
from workers.model_files import local_folder, with_absolute_path
from workers.server import Server

_MIB = 2**20
_READ_WHOLE_BYTES = 16 * _MIB
_PROBES = 16
IDENTITY = "answered_by"


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
    return _facts(model, server.versions, _without_port(server.command) or server.base_url, engine)


def _facts(
    model: str | None, versions: Mapping[str, str], arguments: Sequence[str] | str, engine: EngineSpec
) -> dict[str, Any]:
    code = [tree_digest(INSIDE)]
    if engine.external_package is not None:
        code.append(tree_digest(Path(engine.external_package)))
    facts = {IDENTITY: digest([model, dict(versions), arguments, code])}
    if engine.external_package is not None:
        facts["external_package_sha256"] = code[1]
    return facts if model is None else {**facts, "model_files": model}


def _without_port(command: Sequence[str]) -> list[str]:
    return [word for word in command if not word.startswith("--port")]


def expected_facts(spec: EngineSpec, model: ModelSpec, files: str | None, settings: Settings) -> dict[str, Any] | None:
    """Return the facts about who would answer, before anything is launched; None when they cannot be known.

    They are what `identity_facts` will say of the launched engine, its versions and its command without the port. A
    remote engine's build and a hub model without a cached commit are not known.
    """
    if spec.kind == "remote" or files is None:
        return None
    spec = with_checked_code(spec, settings.code_roots)
    environment = environment_for(spec, settings)
    command = local_engine(spec.kind).command(
        spec, with_absolute_path(model), port=0, interpreter=environment.interpreter
    )
    arguments = _without_port(command)
    return {
        "versions": dict(environment.versions),
        "command": arguments,
        **_facts(files, environment.versions, arguments, spec),
    }


def is_another(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether answers stored under the facts `before` came from another model or engine than `now`."""
    return IDENTITY in before and before[IDENTITY] != now[IDENTITY]


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
