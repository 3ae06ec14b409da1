"""Find and read benchmark definitions: YAML files in lm-eval's form, ours or those of the installed lm-eval.

A definition is read without importing lm-eval, which takes seconds; `lm_eval_tasks` hands whatever is not a plain
definition over to it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from evals.errors import InvalidSubmissionError
from evals.near import nearest

OWN_TASKS = Path(__file__).resolve().parent / "tasks"
"""Our own definitions in lm-eval's form; they go before lm-eval's."""

_STOCK: dict[str, str] = {
    "gsm8k": "gsm8k/gsm8k.yaml",
    "mmlu": "mmlu/default",
    "mmlu_generative": "mmlu/generative",
    "mmlu_continuation": "mmlu/continuation",
    "mmmu": "mmmu",
    "mmmu_val": "mmmu",
}
"""Places of lm-eval's definitions that are opened without looking for them; a folder is a group of all its tasks."""

_OVERLAY = "_mmmu.yaml"
"""Settings of ours that are laid over lm-eval's definitions of MMMU."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
"""What a benchmark with a known place may be called: never a path, nor one of the files that others include."""

_KEY = re.compile(rb"^[\"']?(task|group|tag)[\"']?:", re.M)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One task: its name and its settings as the YAML files say them, with `!function` references resolved."""

    name: str
    config: dict[str, Any]
    place: Path


def stock_folder() -> Path | None:
    """Return the folder with the installed lm-eval's definitions; None where it is not installed."""
    found = importlib.util.find_spec("lm_eval")
    return Path(found.origin).parent / "tasks" if found is not None and found.origin else None


def direct_definitions(benchmark: str) -> list[Definition] | None:
    """Return the tasks of a benchmark that has a known place; None when lm-eval has to find it."""
    place = known_place(benchmark)
    if place is None:
        members = [direct_definitions(member) or [] for member in _mmmu_group(benchmark)]
        return [definition for found in members for definition in found] or None
    files = [place] if place.is_file() else sorted(place.glob("[!_]*.yaml"))
    overlay = read_yaml(OWN_TASKS / _OVERLAY) if benchmark == "mmmu" or benchmark.startswith("mmmu_val") else {}
    return [_definition(file, overlay) for file in files]


def known_place(benchmark: str) -> Path | None:
    """Return the file or folder of a benchmark with a known place."""
    if not _NAME.fullmatch(benchmark):
        return None
    own = OWN_TASKS / f"{benchmark}.yaml"
    if own.is_file():
        return own
    stock = stock_folder()
    if stock is None:
        return None
    if benchmark in _STOCK:
        return stock / _STOCK[benchmark]
    return next((file for file in _subject_files(stock, benchmark) if _definition(file).name == benchmark), None)


def _mmmu_group(benchmark: str) -> list[str]:
    """Return the tasks of one of MMMU's groups, such as mmmu_val_science; none for other names."""
    stock = stock_folder()
    if stock is None or not benchmark.startswith("mmmu_val_") or not _NAME.fullmatch(benchmark):
        return []
    groups = (read_yaml(file) for file in sorted((stock / "mmmu").glob("_*.yaml")))
    return next((list(group["task"]) for group in groups if group.get("group") == benchmark), [])


def _subject_files(stock: Path, benchmark: str) -> list[Path]:
    """Return the files that may define one subject of MMLU or MMMU."""
    groups = ("default", "generative", "continuation") if benchmark.startswith("mmlu_") else ()
    files = [stock / "mmlu" / group / f"{benchmark.removesuffix(f'_{group}')}.yaml" for group in groups]
    if benchmark.startswith("mmmu_val_"):
        files.append(stock / "mmmu" / f"mmmu_{benchmark.removeprefix('mmmu_val_')}.yaml")
    return [file for file in files if file.is_file()]


def own_names() -> list[str]:
    """Return the names of our own definitions."""
    return sorted(path.stem for path in OWN_TASKS.glob("[!_]*.yaml"))


def require_known(benchmark: str) -> None:
    """Raise InvalidSubmissionError, with the nearest names, unless a definition of this name exists."""
    if known_place(benchmark) is not None or stock_folder() is None or benchmark in stock_names():
        return
    known = [*_STOCK, *own_names(), *stock_names()]
    raise InvalidSubmissionError(
        f"unknown benchmark {benchmark!r}",
        remedy=f"{nearest(benchmark, known)}any task or group of lm-eval can be named, and {', '.join(own_names())}",
        field="benchmark",
    )


def stock_file(benchmark: str) -> Path | None:
    """Return the file in which lm-eval defines a task or group."""
    return stock_names().get(benchmark)


@lru_cache(maxsize=1)
def stock_names() -> dict[str, Path]:
    """Return all tasks, groups and tags of the installed lm-eval with the files that name them.

    The files are searched as text: parsing all of them takes lm-eval's own index twenty seconds.
    """
    stock = stock_folder()
    if stock is None:
        return {}
    return {name: path for path in sorted(stock.rglob("*.yaml")) for name in _names_in(path.read_bytes())}


def _names_in(text: bytes) -> Iterator[str]:
    for key in _KEY.finditer(text):
        rest = text[key.start() :]
        single = re.match(rb"[\"']?\w+[\"']?:[ \t]*[\"']?([A-Za-z0-9_.+-]+)[\"']?[ \t]*\r?$", rest.split(b"\n", 1)[0])
        if single:
            yield single.group(1).decode()
        elif key.group(1) == b"tag":
            for line in rest.split(b"\n")[1:]:
                item = re.match(rb"[ \t]*-[ \t]+[\"']?([A-Za-z0-9_.+-]+)[\"']?[ \t]*\r?$", line)
                if item is None:
                    break
                yield item.group(1).decode()


def _definition(file: Path, overlay: dict[str, Any] | None = None) -> Definition:
    config = read_yaml(file) | (overlay or {})
    return Definition(name=str(config.get("task", file.stem)), config=config, place=file)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a definition with its includes, the local keys last; resolves `!function module.name`."""
    config: dict[str, Any] = yaml.load(path.read_bytes(), Loader=_loader(path.parent))
    includes = config.pop("include", [])
    merged: dict[str, Any] = {}
    for include in includes if isinstance(includes, list) else [includes]:
        merged.update(_included(path.parent / include))
    return merged | config


@lru_cache(maxsize=256)
def _included(path: Path) -> dict[str, Any]:
    return read_yaml(path)


@lru_cache(maxsize=64)
def _loader(folder: Path) -> type[yaml.SafeLoader]:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: type[yaml.SafeLoader] = type("DefinitionLoader", (base,), {})
    loader.add_constructor("!function", lambda _, node: _function(folder, str(node.value)))
    return loader


def _function(folder: Path, reference: str) -> Any:
    module, _, name = reference.rpartition(".")
    return getattr(_module(folder / f"{module.replace('.', '/')}.py"), name)


@lru_cache(maxsize=64)
def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plumbline_definition_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
