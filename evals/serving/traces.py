"""Recorded traffic: when requests came, and how long they and their answers were."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from evals.errors import DatasetError

BLOCK_TOKENS = 512
"""How many tokens a block of Mooncake's hash_ids stands for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Hold one request of a trace; at_s: seconds after the first. blocks: names of its blocks of BLOCK_TOKENS."""

    at_s: float
    input_len: int
    output_len: int
    blocks: tuple[int, ...] = ()


def read_trace(file: Path, count: int) -> list[Row]:
    """Return the first `count` requests of a trace in the form of Azure 2023 (CSV) or Mooncake (JSON lines).

    A name that ends in .gz is unpacked. Raises DatasetError for a file that is missing or in neither form.
    Sources: Patel et al. (2024), Splitwise, ISCA; Qin et al. (2025), Mooncake, FAST.
    """
    try:
        packed = file.read_bytes()
        text = (gzip.decompress(packed) if file.suffix == ".gz" else packed).decode()
        rows = _mooncake(text, count) if text.startswith("{") else _azure(text, count)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{file} is no trace: {error or type(error).__name__}",
            remedy="name a CSV file with TIMESTAMP, ContextTokens, GeneratedTokens (Azure 2023), or JSON lines with "
            "timestamp (ms), input_length, output_length, hash_ids (Mooncake)",
        ) from None
    if not rows:
        raise DatasetError(f"{file} holds no request", remedy="name another trace")
    return _from_the_first(rows)


def _azure(text: str, count: int) -> list[Row]:
    return [
        Row(
            at_s=_seconds(row["TIMESTAMP"]),
            input_len=max(1, int(row["ContextTokens"])),
            output_len=max(1, int(row["GeneratedTokens"])),
        )
        for row in islice(csv.DictReader(io.StringIO(text)), count)
    ]


def _seconds(stamp: str) -> float:
    """Read a time with seven decimals of a second, one more than datetime takes."""
    whole, _, decimals = stamp.partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + (float(f"0.{decimals}") if decimals else 0.0)


def _mooncake(text: str, count: int) -> list[Row]:
    return [_mooncake_row(orjson.loads(line)) for line in islice(text.splitlines(), count)]


def _mooncake_row(row: dict[str, Any]) -> Row:
    return Row(
        at_s=row["timestamp"] / 1000,
        input_len=max(1, int(row["input_length"])),
        output_len=max(1, int(row["output_length"])),
        blocks=tuple(int(name) for name in row.get("hash_ids", ())),
    )


def _from_the_first(rows: list[Row]) -> list[Row]:
    first_s = min(row.at_s for row in rows)
    moved = [
        Row(at_s=row.at_s - first_s, input_len=row.input_len, output_len=row.output_len, blocks=row.blocks)
        for row in rows
    ]
    return sorted(moved, key=lambda row: row.at_s)
