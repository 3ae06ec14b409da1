"""Datasets in a folder: a mirror of the hub, or plain files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from evals.accuracy.datasets.catalog import SOURCES, Row, Source
from evals.accuracy.datasets.files import check_sums, read_rows, sha256_of_file
from evals.errors import DatasetError

_KINDS = (".jsonl", ".jsonl.gz", ".parquet")


def local_rows(source: Source, folder: Path, subset: str | None, split: str) -> Sequence[Row]:
    """Return the rows of a subset's split below a data folder; raise DatasetError when there are none."""
    files = _existing(source, folder, subset, split)
    if len(files) == 1 and source.subset_of is not None and subset is not None and files[0].parent.name != subset:
        return _grouped(source.path, files[0], files[0].stat().st_mtime_ns, folder).get(subset, [])
    return [row for file in files for row in _read(file, file.stat().st_mtime_ns, folder)]


def local_sums(source: Source, folder: Path, subset: str | None, split: str) -> dict[str, str]:
    """Return the SHA-256 of each file that a subset's split comes from, by the file's name."""
    files = _existing(source, folder, subset, split)
    return {file.name: _sum(file, file.stat().st_mtime_ns) for file in files}


def _existing(source: Source, folder: Path, subset: str | None, split: str) -> list[Path]:
    files, tried = find_files(source, folder, subset, split)
    if not files:
        raise DatasetError(
            f"the {split} items of {source.path} are missing: there is neither {tried[0]} nor another known form of it",
            remedy=f"put them at one of: {', '.join(str(place) for place in tried)} (below PLUMBLINE_DATA, or --data)",
            path=str(tried[0]),
        )
    return files


def find_files(source: Source, folder: Path, subset: str | None, split: str) -> tuple[list[Path], list[Path]]:
    """Return the files of a subset's split, and the places that were looked at.

    A mirror as `hf download` makes it goes first (`NAME/SUBSET/SPLIT-*.parquet` below the hub's or the short name),
    then `SHORT/SUBSET.*` where a subset is a file, then `SHORT/SPLIT.*`, last a part of the split
    (`train_first64.jsonl`): worked examples may be drawn from it, and whoever evaluates it is told what is missing.
    """
    own = folder / source.folder
    configs = [name for name in (subset, source.hub_config) if name]
    mirrors = [base / config for base in (folder / source.path, own) for config in configs]
    tried: list[Path] = []
    for mirror in mirrors:
        tried.append(mirror / f"{split}-*.parquet")
        if found := sorted(mirror.glob(f"{split}-*.parquet")):
            return found, tried
    stems = [_stem(subset)] if subset and source.subset_of is None else []
    for stem in [*stems, split]:
        tried += [own / f"{stem}{kind}" for kind in _KINDS]
        if found := [path for kind in _KINDS if (path := own / f"{stem}{kind}").is_file()][:1]:
            return found, tried
    parts = [path for path in sorted(own.glob(f"{split}_*")) if path.name.endswith(_KINDS)]
    return parts[:1], tried


def _stem(subset: str) -> str:
    """Return the file name of a subset: "standard (10 options)" is standard_10_options."""
    return "_".join("".join(letter if letter.isalnum() else " " for letter in subset).split())


@lru_cache(maxsize=16)
def _read(file: Path, modified_ns: int, root: Path) -> tuple[Row, ...]:
    check_sums(file, root)
    return tuple(read_rows(file))


@lru_cache(maxsize=16)
def _grouped(path: str, file: Path, modified_ns: int, root: Path) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    subset_of = SOURCES[path].subset_of
    for row in _read(file, modified_ns, root):
        groups[subset_of(row) if subset_of else ""].append(row)
    return groups


@lru_cache(maxsize=256)
def _sum(file: Path, modified_ns: int) -> str:
    return sha256_of_file(file)
