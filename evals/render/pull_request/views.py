"""What a comment is made of: the commit, its runs, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from evals.explain import Divergence
from evals.result import Report

Place = tuple[str, str, int]
"""Workload, task and document of an item."""


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """Say how far one job is. total: None while unknown. noun: what is counted. right: the share so far."""

    role: str
    engine: str
    state: str
    phase: str
    done: int
    total: int | None
    noun: str
    right: float | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Say what a run held: minutes of GPUs, over all attempts; None where a job did not note its devices."""

    gpu_minutes: float | None


@dataclass(frozen=True, kw_only=True)
class RunView:
    """Hold one run of a pull request's head.

    state: queued, running, reporting or finished. partial: why its result is only a part ("only the first 20 items of
    each task were asked"). partings: where both texts of an item part, for some of the flips. url: the run's page;
    plots_url: its plots, where everybody can read them. asked_by: who asked, why: "comment", "label NAME", "path P".
    """

    run_id: str
    suite: str
    model: str
    state: str
    is_cancelled: bool = False
    report: Report | None = None
    jobs: tuple[JobProgress, ...] = ()
    partial: str | None = None
    partings: Mapping[Place, Divergence] = field(default_factory=dict)
    cost: Cost = Cost(gpu_minutes=None)
    url: str | None = None
    plots_url: str | None = None
    asked_by: str = ""
    why: str = ""

    def item_url(self, workload: str, task: str, doc_id: int) -> str | None:
        """Return the page of one item of the run; None without a page of the run."""
        if self.url is None:
            return None
        return f"{self.url}/samples/{quote(task, safe='')}/{doc_id}?workload={quote(workload, safe='')}"


@dataclass(frozen=True, kw_only=True)
class PullView:
    """Hold what a pull request's comment is about: one head and its runs, the newest first.

    head_sha: "" where nobody told it; head_url: the commit's page. current_sha: the pull request's head now.
    commands: whether the bot listens to commands there. name: tells several comments of one writer apart.
    """

    runs: tuple[RunView, ...]
    head_sha: str = ""
    head_url: str | None = None
    current_sha: str = ""
    commands: bool = True
    name: str = "pull-request"
