"""Datasets from the Hugging Face hub, at a commit that is pinned or found out and recorded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from evals.accuracy.datasets.catalog import Row, Source
from evals.errors import DatasetError


@lru_cache(maxsize=64)
def commit_of(path: str, revision: str | None) -> str:
    """Return the commit that a revision of a hub dataset stands for; a full hash is one already."""
    if revision is not None and len(revision) == 40:
        return revision
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        commit = HfApi().dataset_info(path, revision=revision, timeout=30).sha
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError) as error:
        commit = _cached_commit(path, revision or "main")
        if commit is None:
            raise _unreachable(path, error) from error
    if commit is None:
        raise DatasetError(f"the hub names no commit for {path}", remedy="give the workload a revision")
    return str(commit)


def _cached_commit(path: str, revision: str) -> str | None:
    """Return the commit that the hub's cache holds for a revision, for hosts that cannot reach the hub."""
    from huggingface_hub.constants import HF_HUB_CACHE

    reference = Path(HF_HUB_CACHE) / f"datasets--{path.replace('/', '--')}" / "refs" / revision
    return reference.read_text().strip() if reference.is_file() else None


@lru_cache(maxsize=128)
def _config_rows(path: str, config: str | None, split: str, commit: str) -> list[Row]:
    from datasets import Image, load_dataset
    from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError

    try:
        loaded = load_dataset(path, config, split=split, revision=commit)
    except (DatasetGenerationError, DatasetNotFoundError, OSError, ValueError) as error:
        raise _unreachable(path, error) from error
    for name, feature in loaded.features.items():
        if isinstance(feature, Image):
            loaded = loaded.cast_column(name, Image(decode=False))
    rows: list[Row] = loaded.to_list()
    return rows


def hub_rows(source: Source, subset: str | None, split: str, commit: str) -> list[Row]:
    """Return the rows of a subset's split at a commit, pictures as bytes; raise DatasetError if they cannot be had."""
    rows = _config_rows(source.path, source.hub_config or subset, split, commit)
    if source.hub_config is None or source.subset_of is None or subset is None:
        return rows
    return [row for row in rows if source.subset_of(row) == subset]


def _unreachable(path: str, error: Exception) -> DatasetError:
    return DatasetError(
        f"the dataset {path} cannot be loaded from the hub: {type(error).__name__}: {str(error)[:300]}",
        remedy="check the connection (HF_ENDPOINT, HF_HUB_OFFLINE), or mirror the dataset into PLUMBLINE_DATA and "
        "use data: local",
    )
