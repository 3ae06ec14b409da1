"""The datasets Plumbline knows: where their files lie, how their rows become items, and what was published of them.

Counts and revisions: the hub's dataset cards; GSM8K's items are those of openai/grade-school-math at commit 3101c7d,
MMLU's those of cais/mmlu. `items_sha256` is over the items' contents, whatever file format they come in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One dataset of the hub.

    folder: its short name below a data folder. revision: the pinned commit; None resolves the newest and records it.
    subset_of: says to which subset a row belongs, where a file holds all subsets (hub_config: the hub's name of such
    a file). counts: published items by subset and split, "*" for all subsets together. fields: columns that every
    item must have. as_item: mends what differs between forms of a row.
    """

    path: str
    folder: str
    revision: str | None = None
    subset_of: Callable[[Row], str] | None = None
    hub_config: str | None = None
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    items_sha256: Mapping[tuple[str, str], str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    as_item: Callable[[Row], Row] = lambda row: row


def _choices_by_index(row: Row) -> Row:
    """Return a row of MMLU with its answer as an index; some copies of the data write the letter."""
    answer = row["answer"]
    if isinstance(answer, str) and answer in ("A", "B", "C", "D"):
        row = {**row, "answer": "ABCD".index(answer)}
    return {name: row[name] for name in ("question", "subject", "choices", "answer")}


def _plain(row: Row) -> Row:
    return {name: row[name] for name in ("question", "answer")}


def _subject_of(row: Row) -> str:
    """Return the subject in an id of MMMU: "validation_Art_Theory_12" is of Art_Theory."""
    return str(row["id"]).partition("_")[2].rpartition("_")[0]


def _options_as_text(row: Row) -> Row:
    """Return a row with its options as the text of a literal, which is the published form."""
    return row if isinstance(row["options"], str) else {**row, "options": repr(list(row["options"]))}


MMMU_SUBJECTS = (
    "Accounting", "Agriculture", "Architecture_and_Engineering", "Art", "Art_Theory", "Basic_Medical_Science",
    "Biology", "Chemistry", "Clinical_Medicine", "Computer_Science", "Design",
    "Diagnostics_and_Laboratory_Medicine", "Economics", "Electronics", "Energy_and_Power", "Finance",
    "Geography", "History", "Literature", "Manage", "Marketing", "Materials", "Math",
    "Mechanical_Engineering", "Music", "Pharmacy", "Physics", "Psychology", "Public_Health", "Sociology",
)  # fmt: skip
PRO_SUBSETS = ("standard (10 options)", "standard (4 options)", "vision")

SOURCES: dict[str, Source] = {
    source.path: source
    for source in (
        Source(
            path="openai/gsm8k",
            folder="gsm8k",
            revision="e53f048856ff4f594e959d75785d2c2d37b678ee",
            counts={("main", "test"): 1319, ("main", "train"): 7473},
            items_sha256={("main", "test"): "32c548f08195e19e33408b844dd7be6aa4bcae457d957bc05909ff4bd4a00595"},
            fields=("question", "answer"),
            as_item=_plain,
        ),
        Source(
            path="cais/mmlu",
            folder="mmlu",
            revision="c30699e8356da336a370243923dbaf21066bb9fe",
            subset_of=lambda row: str(row["subject"]),
            hub_config="all",
            counts={("*", "test"): 14042, ("*", "dev"): 285},
            items_sha256={("*", "test"): "c808c0f63ddd07ec0f68739ffce3cdded3a92c50076cb9f0d9533b2bcee39ce1"},
            fields=("question", "subject", "choices", "answer"),
            as_item=_choices_by_index,
        ),
        Source(
            path="MMMU/MMMU",
            folder="mmmu",
            subset_of=_subject_of,
            as_item=_options_as_text,
            counts={(subject, "validation"): 30 for subject in MMMU_SUBJECTS},
            fields=("id", "question", "options", "answer", "question_type"),
        ),
        Source(
            path="MMMU/MMMU_Pro",
            folder="mmmu_pro",
            counts={(subset, "test"): 1730 for subset in PRO_SUBSETS},
            fields=("id", "options", "answer"),
            as_item=_options_as_text,
        ),
    )
}
