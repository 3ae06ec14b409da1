"""Look at a model's folder before an engine is started on it."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.errors import ModelBrokenError, ModelNotFoundError
from evals.spec import ModelSpec, digest

MAX_HEADER_BYTES = 100_000_000  # the safetensors format's own limit
OTHER_WEIGHTS = ("pytorch_model*.bin", "*.gguf")
COPY_AGAIN = "Copy the model again from where it came from, and compare the files' sizes."


def local_folder(model: ModelSpec) -> Path | None:
    """Return the absolute folder of a model on this host, or None for a name on the hub."""
    path = Path(model.path).expanduser()
    if path.is_absolute() or model.path.startswith((".", "~")) or path.exists():
        return path.resolve()
    return None


def hub_cache(model: ModelSpec) -> Path:
    """Return where the hub's cache on this host keeps a model's files and commits."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")) / f"models--{model.path.replace('/', '--')}"


def known_folder(model: ModelSpec) -> Path | None:
    """Return the folder with a model's files on this host, a cached hub model's included; None without one."""
    folder = local_folder(model)
    if folder is not None:
        return folder
    reference = hub_cache(model) / "refs" / (model.revision or "main")
    commit = reference.read_text().strip() if reference.is_file() else model.revision
    snapshot = hub_cache(model) / "snapshots" / (commit or "")
    return snapshot if commit and snapshot.is_dir() else None


def with_absolute_path(model: ModelSpec) -> ModelSpec:
    """Return a local model with its absolute folder as its path."""
    folder = local_folder(model)
    return model if folder is None else replace(model, path=str(folder))


def chat_template_facts(model: ModelSpec) -> dict[str, str]:
    """Return the hash over a model's chat template, as transformers finds it; nothing where there is none to see."""
    folder = known_folder(model)
    if folder is None:
        return {}
    own = folder / "chat_template.jinja"
    if own.is_file():
        return {"chat_template_sha256": hashlib.sha256(own.read_bytes()).hexdigest()}
    for name in ("chat_template.json", "tokenizer_config.json"):
        try:
            template = json.loads((folder / name).read_bytes()).get("chat_template")
        except (OSError, ValueError, AttributeError):
            continue
        if template is not None:
            return {"chat_template_sha256": digest(template)}
    return {}


def check_model_folder(model: ModelSpec) -> None:
    """Raise ModelNotFoundError or ModelBrokenError when a local model can never be loaded; pass hub names."""
    folder = local_folder(model)
    if folder is None:
        return
    if not folder.is_dir():
        raise ModelNotFoundError(
            f"There is no folder {folder} on this worker's host.",
            remedy="Check the path; a worker sees its own host's files only.",
            path=str(folder),
        )
    _check_config(folder / "config.json")
    weights = sorted(folder.glob("*.safetensors"))
    for shard in weights:
        check_safetensors(shard)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        _check_index(index)
    elif not weights and not any(any(folder.glob(pattern)) for pattern in OTHER_WEIGHTS):
        raise ModelNotFoundError(
            f"{folder} contains no weights (*.safetensors).", remedy="Finish the download.", path=str(folder)
        )


def check_safetensors(path: Path) -> None:
    """Raise ModelBrokenError unless the header is readable and the file as long as it says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else MAX_HEADER_BYTES + 1
        if length > MAX_HEADER_BYTES or 8 + length > size:
            raise _broken(path, f"its header does not fit into {size} bytes")
        header = file.read(length)
    try:
        tensors = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in tensors.items() if name != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise _broken(path, "its header is no safetensors header") from None
    if size != expected:
        raise _broken(path, f"it has {size} bytes where its header promises {expected}")


def _check_config(path: Path) -> None:
    if not path.exists():
        raise ModelNotFoundError(
            f"{path.parent} contains no config.json, so it is no model's folder.",
            remedy="Name the folder that holds config.json and the weights.",
            path=str(path.parent),
        )
    _read_object(path)


def _check_index(path: Path) -> None:
    shards = _read_object(path).get("weight_map")
    if not isinstance(shards, dict):
        raise _broken(path, "it has no weight_map")
    missing = sorted({str(name) for name in shards.values() if not (path.parent / str(name)).is_file()})
    if missing:
        raise ModelBrokenError(
            f"{path.parent} lacks {len(missing)} of its weight files: {', '.join(missing[:3])}.",
            remedy="Finish the download.",
            path=str(path.parent),
            missing=missing,
        )


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:  # also wrong UTF-8
        raise _broken(path, str(error)) from None
    if not isinstance(value, dict):
        raise _broken(path, "it is no JSON object")
    return value


def _broken(path: Path, reason: str) -> ModelBrokenError:
    return ModelBrokenError(f"{path} is damaged: {reason}.", remedy=COPY_AGAIN, path=str(path))
