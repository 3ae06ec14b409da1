"""Make the code that a job's engine needs ready on this host, and keep to one commit for all jobs of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from db.claims import Claim
from db.jobs import JobRecord, jobs_of, note_facts
from db.session import transaction
from db.settings import Settings
from evals.code_sources import INSTALLED, git_package, git_source
from evals.spec import EngineSpec
from workers.external_code import with_checked_code
from workers.sources.fetching import PACKAGE_COMMIT, SOURCE_COMMIT, commits_of, pinned
from workers.sources.ready import ready

OPPONENT_CODE = "opponent_code"
"""The fact of a duel that holds the commits of its second engine."""


def with_ready_code(claim: Claim, settings: Settings, check: Callable[[], None]) -> Claim:
    """Return a claim whose engines name commits in place of branches, tags and pull requests.

    check: raises when the job is to stop. Raises PlumblineErrors that say why the code cannot be had.
    """
    spec = claim.job.spec

    def made_ready(asked: EngineSpec, note: Callable[[dict[str, Any]], dict[str, Any]]) -> EngineSpec:
        if asked.source == INSTALLED and asked.external_package is None:
            return asked
        engine = pinned(_as_in_the_run(claim, asked), settings)
        with transaction() as session:
            note_facts(session, claim.lease, note(commits_of(engine)))
        engine = ready(engine, settings, check=check)
        with_checked_code(engine, settings, check=check)
        return engine

    engine = made_ready(spec.engine, lambda commits: commits)
    opponent = spec.opponent and made_ready(spec.opponent, lambda commits: {OPPONENT_CODE: commits})
    return replace(claim, job=replace(claim.job, spec=replace(spec, engine=engine, opponent=opponent)))


def _as_in_the_run(claim: Claim, asked: EngineSpec) -> EngineSpec:
    """Return the engine with the commits that its run's jobs have taken already, also this one's earlier attempts."""
    with transaction() as session:
        jobs = jobs_of(session, claim.job.run_id)
    source = git_source(asked.source)
    package = git_package(asked.external_package) if asked.external_package else None
    for engine, facts in _launches(jobs):
        commit = facts.get(SOURCE_COMMIT)
        if source is not None and commit and engine.source == asked.source:
            asked = replace(asked, source=replace(source, ref=commit).as_source())
            source = None
        commit = facts.get(PACKAGE_COMMIT)
        if package is not None and commit and engine.external_package == asked.external_package:
            asked = replace(asked, external_package=replace(package, ref=commit).as_package())
            package = None
    return asked


def _launches(jobs: Sequence[JobRecord]) -> Iterator[tuple[EngineSpec, Mapping[str, Any]]]:
    """Yield the engines of jobs, each with the facts that name its commits."""
    for job in jobs:
        yield job.spec.engine, job.facts
        if job.spec.opponent is not None:
            yield job.spec.opponent, job.facts.get(OPPONENT_CODE, {})
