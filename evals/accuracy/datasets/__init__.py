"""Find a benchmark's items before any engine is launched, and prove what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evals.accuracy.datasets.catalog import SOURCES, Row, Source
from evals.accuracy.datasets.files import digest_of
from evals.accuracy.datasets.hub import commit_of, hub_rows
from evals.accuracy.datasets.local import local_rows, local_sums
from evals.accuracy.datasets.published import Part, check_published, parts_of, published_count
from evals.accuracy.definitions import Definition
from evals.errors import DatasetError
from evals.spec import DataSource, Workload

__all__ = ["DEMO_DATA", "Dataset", "find_dataset"]

DEMO_DATA = Path(__file__).resolve().parents[3] / "demo" / "data"

Loader = Callable[[str | None, str], Sequence[Row]]


class Dataset:
    """The checked items of a workload's tasks, and what identifies them (`facts`)."""

    def __init__(self, source: Source, load: Loader, facts: Mapping[str, str]) -> None:
        self._source = source
        self._load = load
        self._rows: dict[tuple[str | None, str], list[Row]] = {}
        self.facts: dict[str, str] = dict(facts)

    def rows(self, subset: str | None, split: str, *, limit: int | None = None) -> Sequence[Row]:
        """Return the items of a subset's split, the first `limit` of them."""
        key = (subset, split)
        if key not in self._rows:
            self._rows[key] = [self._item(row, subset, split) for row in self._load(subset, split)]
        return self._rows[key][:limit]

    def _item(self, row: Row, subset: str | None, split: str) -> Row:
        missing = [name for name in self._source.fields if name not in row]
        if missing:
            raise DatasetError(
                f"an item of {self._source.path} ({subset or 'all'}, {split}) has no {missing[0]!r}",
                remedy="fetch the data again, or bring it into the published form",
            )
        return self._source.as_item(row)


def find_dataset(workload: Workload, definitions: Sequence[Definition], *, data_folder: Path | None) -> Dataset:
    """Return the items of a workload's tasks; raise DatasetError with the remedy when they are missing or damaged.

    For DataSource.LOCAL and HUB the evaluated items must be as many as were published, and local ones the same where
    their checksum is known; DataSource.SUBSET takes local files as they are.
    """
    path = str(definitions[0].config.get("dataset_path"))
    source = SOURCES.get(path) or Source(path=path, folder=path.rpartition("/")[2])
    evaluated, shown = parts_of(definitions)
    if workload.data is DataSource.HUB:
        dataset = _from_hub(workload, source)
    else:
        dataset = _from_files(workload, source, data_folder, [*evaluated, *shown])
    _check(workload, source, dataset, evaluated)
    dataset.facts |= _worked_examples(source, dataset, shown)
    return dataset


def _from_hub(workload: Workload, source: Source) -> Dataset:
    commit = commit_of(source.path, workload.revision or source.revision)
    facts = {"source": "hub", "dataset": source.path, "dataset_revision": commit}
    return Dataset(source, lambda subset, split: hub_rows(source, subset, split, commit), facts)


def _from_files(workload: Workload, source: Source, data_folder: Path | None, parts: Sequence[Part]) -> Dataset:
    folder = DEMO_DATA if workload.data is DataSource.DEMO else data_folder
    if folder is None:
        raise DatasetError(
            f"the workload {workload.name!r} wants local data, but no data folder is configured",
            remedy="set PLUMBLINE_DATA to a folder with the benchmark's files",
        )
    sums = {name: sum_ for subset, split in parts for name, sum_ in local_sums(source, folder, subset, split).items()}
    facts = {"source": str(workload.data), "dataset": source.path}
    facts |= {f"{name.split('.')[0]}_sha256": sum_ for name, sum_ in sums.items()}
    return Dataset(source, lambda subset, split: local_rows(source, folder, subset, split), facts)


def _check(workload: Workload, source: Source, dataset: Dataset, parts: Sequence[Part]) -> None:
    rows = [row for subset, split in parts for row in dataset.rows(subset, split)]
    if not rows:
        raise DatasetError(f"{source.path} has no items here", remedy="fetch the data again")
    found = digest_of(rows)
    dataset.facts |= {"dataset_items": str(len(rows)), "items_sha256": found}
    if workload.data in (DataSource.HUB, DataSource.LOCAL):
        check_published(source, parts, rows, found, exact=workload.data is DataSource.LOCAL)


def _worked_examples(source: Source, dataset: Dataset, parts: Sequence[Part]) -> dict[str, str]:
    """Count the items that worked examples are drawn from: a part of them makes other prompts than published."""
    if not parts:
        return {}
    pool = [row for subset, split in parts for row in dataset.rows(subset, split)]
    published = published_count(source, parts)
    of = f" of {published:,} published" if published is not None and published != len(pool) else ""
    return {"worked_examples": f"{len(pool):,}{of}", "worked_examples_sha256": digest_of(pool)}
