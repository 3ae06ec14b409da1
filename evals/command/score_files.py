"""Files of scores: one JSON object a line, with an id, a score and, where asked for, a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from evals.command.json_lines import json_lines
from evals.errors import DatasetError
from evals.formatting import one_line, plural

ALL = "all"
"""The group of all items where no field is named."""

_LARGEST = 1e100


@dataclass(frozen=True, kw_only=True)
class ScoreLine:
    """Hold one item's score; the id as text, so that 7 and "7" are the same item."""

    id: str
    score: float
    group: str


def read_scores(path: Path, cluster: str | None) -> list[ScoreLine]:
    """Return a file's scores; raise DatasetError that names the line which is none.

    cluster: the field whose value is an item's group. A score that is no finite number is read: what it means is the
    comparison's business. Neither is one whose size is above 1e100, with which nothing can be computed.
    """
    lines = [_line(path, number, fields, cluster) for number, fields in json_lines(path)]
    if not lines:
        raise DatasetError(f"{path} holds no scores", remedy='write {"id": ..., "score": ...} on each line')
    return lines


def _line(path: Path, number: int, fields: Any, cluster: str | None) -> ScoreLine:
    where = f"line {number} of {path}"
    if not isinstance(fields, dict) or not _is_name(fields.get("id")) or not _is_number(fields.get("score")):
        raise DatasetError(
            f"{where} has no id or no number as its score", remedy='write {"id": ..., "score": ...} on each line'
        )
    if cluster is not None and not _is_name(fields.get(cluster)):
        raise DatasetError(
            f"{where} has no {cluster!r} that is text or an integer", remedy="name a field that each line has"
        )
    group = ALL if cluster is None else str(fields[cluster])
    score = float(fields["score"])
    return ScoreLine(id=str(fields["id"]), score=score if abs(score) <= _LARGEST else nan, group=group)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    # Integers may be beyond what a float holds.
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e300)


def difference_of_groups(
    candidate: Sequence[ScoreLine], baseline: Sequence[ScoreLine], cluster: str | None
) -> tuple[str, ...]:
    """Say that items stand in different groups on the two sides; empty when they do not."""
    theirs = {line.id: line.group for line in baseline}
    moved = [line.id for line in candidate if theirs.get(line.id, line.group) != line.group]
    if not moved:
        return ()
    return (f"the two sides differ in {cluster!r} of {plural(len(moved), 'item')} (first: {one_line(moved[0], 80)})",)
