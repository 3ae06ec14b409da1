"""Where a run's baseline comes from when it is not simply an engine that is launched for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PUBLISHED_ENGINE = "published"
"""The engine's kind of a side that is nothing but a published value."""


class BaselineKind(StrEnum):
    """The sources of a baseline; BACKFILL is an engine launched because its lineage had no accepted result."""

    STORED = "stored"
    RUN = "run"
    PUBLISHED = "published"
    BACKFILL = "backfill"


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """Point at what a job measured of a workload; finished_at: an ISO 8601 time."""

    workload: str
    run_id: str
    job_id: str
    finished_at: str


@dataclass(frozen=True, kw_only=True)
class PublishedValue:
    """Hold somebody else's score, as a share, over n items or with its standard error; source says whose it is."""

    value: float
    n: int | None = None
    stderr: float | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class BaselineSource:
    """Say where a baseline comes from.

    results: one for each workload, settled when the submission is accepted. run_id: for kind RUN. backfill: for kind
    STORED, whether the submission's baseline engine is launched where nothing is stored.
    """

    kind: BaselineKind
    run_id: str | None = None
    results: tuple[StoredResult, ...] = ()
    published: PublishedValue | None = None
    backfill: bool = False

    @property
    def is_launched(self) -> bool:
        """Tell whether a job of the run measures the baseline."""
        return self.kind is BaselineKind.BACKFILL

    def result_of(self, workload: str) -> StoredResult | None:
        """Return the stored result that a workload is held against."""
        return next((result for result in self.results if result.workload == workload), None)

    def words(self) -> str:
        """Return where the baseline comes from: "stored, run r_1 of 2026-11-25"."""
        if self.kind is BaselineKind.PUBLISHED and self.published is not None:
            return published_words(self.published)
        if self.kind is BaselineKind.BACKFILL:
            return "backfilled: its lineage had no accepted result"
        runs = dict.fromkeys(f"run {result.run_id} of {result.finished_at[:10]}" for result in self.results)
        return f"{'stored' if self.kind is BaselineKind.STORED else 'named'}, {' and '.join(runs) or 'not settled'}"


def published_words(published: PublishedValue) -> str:
    """Return a published value with what is known of it: "published, 0.847 over 1,319 items (the model's card)"."""
    over = f" over {published.n:,} items" if published.n is not None else ""
    error = f" with a standard error of {published.stderr:g}" if published.stderr is not None else ""
    source = f" ({published.source})" if published.source else ""
    return f"published, {published.value:g}{over}{error}{source}"
