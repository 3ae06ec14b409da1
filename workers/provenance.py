"""What identifies a job's model and engine, so that answers of different ones are never mixed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.code_sources import INSTALLED
from evals.spec import EngineSpec, ModelSpec, digest
from workers.engines.base import INSIDE
from workers.engines.dtypes import launch_dtype
from workers.engines.environments import environment_for
from workers.engines.registry import local_engine
from workers.external_code import with_checked_code
from workers.external_models import external_variables
from workers.gpus import REMOTE_HARDWARE, hardware_facts
from workers.model_files import chat_template_facts, hub_cache, local_folder, with_absolute_path
from workers.server import Server
from workers.sources.fetching import commits_of
from workers.sources.ready import ready

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
    files = sorted(folder.rglob("*.py"))
    stats = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _tree_digest(folder, stats)


@lru_cache(maxsize=16)
def _tree_digest(folder: Path, stats: tuple[tuple[Path, int, int], ...]) -> str:
    return digest([(str(path.relative_to(folder)), _content(path)) for path, _, _ in stats])


def known_facts(spec: EngineSpec, model: ModelSpec, settings: Settings) -> dict[str, Any] | None:
    """Return the facts that say who answers: the model's files, the engine's packages, arguments and code.

    They can be told before a launch, and are the same after it unless something was changed or downloaded meanwhile.
    None when they cannot be known: a remote engine's build, and a hub model without a cached commit.
    """
    files = model_digest(model)
    if spec.kind == "remote" or files is None:
        return None
    pinned = ready(spec, settings)
    environment = environment_for(pinned, settings)
    spec = with_checked_code(pinned, settings)
    engine = local_engine(spec.kind)
    command = engine.command(spec, with_absolute_path(model), port=0, interpreter=environment.interpreter)
    arguments = [word for word in command if not word.startswith("--port")]
    code = [tree_digest(folder) for folder in filter(None, (INSIDE, environment.package))]
    facts: dict[str, Any] = {"versions": dict(environment.versions), "command": arguments, "model_files": files}
    facts |= {"files_as_of": _files_as_of(model), "dtype": launch_dtype(spec, model), **chat_template_facts(model)}
    if spec.external_package is not None:
        package = {"external_package_sha256": tree_digest(Path(spec.external_package)), **external_variables(spec)}
        facts |= package
        code.append(digest([package, commits_of(replace(pinned, source=INSTALLED))]))
    if pinned.source != INSTALLED:
        facts |= environment.origin
        code.append(digest([pinned.source, environment.origin]))
    facts |= commits_of(pinned)
    return facts | {IDENTITY: digest([files, facts["versions"], arguments, code])}


def facts_of(server: Server, spec: EngineSpec, model: ModelSpec, settings: Settings) -> dict[str, Any]:
    """Return the facts about a launched engine; of one that nobody knows beforehand, what it shows."""
    known = known_facts(spec, model, settings)
    if known is not None:
        return known | {"command": list(server.command)}
    arguments = [word for word in server.command if not word.startswith("--port")]
    identity = digest([None, dict(server.versions), arguments or server.base_url])
    return {"versions": dict(server.versions), "command": list(server.command), IDENTITY: identity}


def _files_as_of(model: ModelSpec) -> str | None:
    """Return a hash over sizes and times of a local model's files: what the samples of large files may miss."""
    folder = local_folder(model)
    if folder is None:
        return None
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return digest([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def host_facts(gpu_uuids: Sequence[str] | None) -> dict[str, str]:
    """Return what an engine runs on, and which version of Plumbline asks it; None: a remote engine's host."""
    runs_on = {"hardware": REMOTE_HARDWARE} if gpu_uuids is None else hardware_facts(gpu_uuids)
    return runs_on | {"client_version": f"plumbline {version('plumbline')}"}


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
    reference = hub_cache(model) / "refs" / (model.revision or "main")
    if reference.is_file():
        return f"commit {reference.read_text().strip()}"
    # A branch that is not cached yet says nothing: the launch may bring any commit of it.
    return model.revision if re.fullmatch(r"[0-9a-f]{40}", model.revision or "") else None
