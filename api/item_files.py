"""All items of two sides as lines of a file, read page by page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict

from api.sample_sides import Sides
from db.sample_pairs import SamplePair, SampleQuery, sample_pairs
from db.session import transaction

_PAGE = 500
_COLUMNS = (
    "task", "doc_id", "flip", "gold", "candidate_value", "candidate_parsed", "candidate_extracted", "baseline_value",
    "baseline_parsed", "baseline_extracted",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(sides: Sides) -> Iterator[str]:
    """Yield a table of the items' judgements, without their texts."""
    yield _row(_COLUMNS)
    for pair in _pairs(sides):
        ours, theirs = pair.candidate, pair.baseline
        judged = [(side.value, side.parsed, _safe(side.extracted)) for side in (ours, theirs)]
        yield _row((_safe(pair.task), pair.doc_id, pair.flip, _safe(pair.gold), *judged[0], *judged[1]))


def json_lines(sides: Sides) -> Iterator[str]:
    """Yield one JSON object for each item, with prompt and whole answers."""
    for pair in _pairs(sides):
        yield json.dumps(asdict(pair)) + "\n"


def _pairs(sides: Sides) -> Iterator[SamplePair]:
    after: tuple[str, int] | None = None
    while True:
        query = SampleQuery(
            candidate_job=sides.candidate_job,
            baseline_job=sides.baseline_job,
            workload=sides.workload.name,
            metric=sides.metric,
            after=after,
            limit=_PAGE,
        )
        with transaction() as session:
            found = sample_pairs(session, query)
        yield from found
        if len(found) < _PAGE:
            return
        after = (found[-1].task, found[-1].doc_id)


def _safe(text: str | None) -> str | None:
    """Return a model's text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text and text.startswith(_FORMULA) else text


def _row(values: tuple[object, ...]) -> str:
    held = io.StringIO()
    csv.writer(held).writerow(["" if value is None else value for value in values])
    return held.getvalue()
