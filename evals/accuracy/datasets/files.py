"""Read items from JSON lines (also gzipped) and Parquet."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from evals.accuracy.datasets.catalog import Row
from evals.errors import DatasetError

SUMS = "SHA256SUMS"


def read_rows(path: Path) -> list[Row]:
    """Return a file's rows; raise DatasetError when it is damaged.

    A row's picture may be the file's bytes (`{"bytes": ...}`), or in JSON lines the name of a file beside it.
    """
    try:
        rows = _parquet(path) if path.suffix == ".parquet" else _json_lines(path)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error
    if not all(isinstance(row, dict) for row in rows):
        raise damaged(path, "a line holds no JSON object")
    return rows


def damaged(path: Path, why: str) -> DatasetError:
    """Return the error of a file that is not what it should be."""
    return DatasetError(
        f"the data file {path} cannot be loaded: {why[:300]}",
        remedy="fetch the file again from its source",
        path=str(path),
    )


def _json_lines(path: Path) -> list[Row]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return [_with_pictures(orjson.loads(line), path.parent) for line in data.splitlines() if line.strip()]


def _with_pictures(row: Any, folder: Path) -> Any:
    if not isinstance(row, dict):
        return row
    named = {
        name: {"bytes": (folder / value).read_bytes(), "path": value}
        for name, value in row.items()
        if name.startswith("image") and isinstance(value, str)
    }
    return row | named


def _parquet(path: Path) -> list[Row]:
    from pyarrow import ArrowException, parquet

    try:
        rows: list[Row] = parquet.read_table(path).to_pylist()
    except ArrowException as error:
        raise ValueError(str(error)) from error
    return rows


def sha256_of_file(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sums(file: Path, top: Path) -> None:
    """Hold a file against the SHA256SUMS beside it and above it, up to a data folder; raise DatasetError if it differs.

    A name in SHA256SUMS is relative to that file's folder.
    """
    for folder in file.parents:
        sums = folder / SUMS
        expected = _sums_in(sums).get(str(file.relative_to(folder))) if sums.is_file() else None
        if expected is not None and sha256_of_file(file) != expected:
            raise damaged(file, f"its SHA-256 is not the one in {sums}")
        if folder == top:
            return


def _sums_in(sums: Path) -> dict[str, str]:
    found = {}
    for line in sums.read_text().splitlines():
        sha256, _, name = line.strip().partition(" ")
        if line.strip() and not name:
            raise damaged(sums, f"the line {line[:80]!r} names no file")
        found[name.strip().lstrip("*").removeprefix("./")] = sha256.lower()
    return found


def digest_of(rows: Sequence[Row]) -> str:
    """Return a SHA-256 over items' contents, pictures by their bytes; the same for every file format."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(orjson.dumps(row, default=_bytes, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
        digest.update(b"\n")
    return digest.hexdigest()


def _bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    raise TypeError(f"{type(value).__name__} is no JSON")
