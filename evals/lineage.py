"""A lineage: the series of results that may be held against each other over time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Lineage:
    """Name a model, workload, engine and hardware class whose results form one series.

    model: as submitted (path or hub name). workload: its name and the first 12 digits of its fingerprint, joined by
    "@". engine: its kind. hardware: the hardware class, as in the jobs' facts.
    """

    model: str
    workload: str
    engine: str
    hardware: str

    @property
    def key(self) -> str:
        """Return the lineage as one line of text, for addresses and tables."""
        return " | ".join((self.model, self.workload, self.engine, self.hardware))


def lineage_from(key: str) -> Lineage:
    """Return the lineage whose key this is; raise ValueError for any other text."""
    model, workload, engine, hardware = key.rsplit(" | ", 3)
    return Lineage(model=model, workload=workload, engine=engine, hardware=hardware)
