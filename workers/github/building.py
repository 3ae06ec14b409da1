"""From an evaluation that is wanted to a submission that keeps the rules of every other one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from db.settings import Settings
from evals.baseline import BaselineKind, BaselineSource
from evals.code_sources import GitCode
from evals.engine_rules import PARALLELISM
from evals.errors import InvalidSubmissionError, PolicyError
from evals.plan import load_suite
from evals.spec import EngineSpec, ModelSpec, PullRequest, Submission, Workload
from evals.submission_rules import check_model, check_submission
from evals.workload_kinds import has_margin
from workers.github.repository_file import NAME
from workers.github.wanted import Wanted

ENGINE, REFERENCE = "sglang", "hf"
PARALLEL = frozenset(name for pair in PARALLELISM.items() for name in pair)
_HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")


@dataclass(frozen=True, kw_only=True)
class Code:
    """Say which commits of a pull request are evaluated. base: the merge base, where an evaluation needs it."""

    repository: str
    number: int
    head: str
    base: str | None
    comment_id: int | None = None


def needs_base(wanted: Wanted) -> bool:
    """Tell whether an evaluation runs the merge base, or may have to."""
    return wanted.baseline != REFERENCE


def submission_for(wanted: Wanted, code: Code, settings: Settings) -> Submission:
    """Return the submission; raise InvalidSubmissionError or PolicyError that names the field.

    The head is fetched from the base repository, which hands out the commits of its pull requests, also of forks. A
    stored baseline is not looked for yet.
    """
    _check_place(wanted.model, settings)
    model = ModelSpec(path=wanted.model, revision=wanted.revision)
    check_model(model)
    candidate = _engine(wanted, ENGINE, source=_source(code.repository, code.head, settings))
    baseline, source = _baseline(wanted, code, candidate, settings)
    submission = Submission(
        model=model,
        candidate=candidate,
        baseline=baseline,
        suite=wanted.suite,
        workloads=_with_margins(wanted.suite, wanted.margins),
        limit=wanted.limit,
        pull_request=PullRequest(
            repository=code.repository, number=code.number, head_sha=code.head, comment_id=code.comment_id
        ),
        baseline_from=source,
    )
    check_submission(submission, code_roots=settings.code_roots, repositories=settings.repositories)
    return submission


def _baseline(
    wanted: Wanted, code: Code, candidate: EngineSpec, settings: Settings
) -> tuple[EngineSpec, BaselineSource | None]:
    """Return the engine that is launched as the baseline, unless the source finds a result that spares it."""
    if wanted.baseline == REFERENCE:
        return replace(_engine(wanted, REFERENCE), args={}), None
    if code.base is None:
        raise ValueError("an evaluation against the merge base needs one")
    engine = replace(candidate, source=_source(code.repository, code.base, settings))
    kind = BaselineKind.BACKFILL if wanted.baseline == "merge-base" else BaselineKind.STORED
    return engine, BaselineSource(kind=kind, backfill=kind is BaselineKind.STORED)


def _engine(wanted: Wanted, kind: str, *, source: str = "installed") -> EngineSpec:
    """Return an engine on the wanted hardware; several GPUs of which nothing is said run tensor-parallel."""
    gpus = wanted.gpus if wanted.gpus is not None else int(wanted.device == "cuda")
    spec = EngineSpec(
        kind=kind, args=dict(wanted.args), dtype=wanted.dtype or "auto", device=wanted.device, gpus=gpus, source=source
    )
    if kind == ENGINE and gpus > 1 and not PARALLEL & spec.args.keys():
        return replace(spec, args={**spec.args, "tp-size": gpus})
    return spec


def _source(repository: str, commit: str, settings: Settings) -> str:
    return GitCode(url=f"{settings.github_web_url.rstrip('/')}/{repository}", ref=commit).as_source()


def _with_margins(suite: str, margins: Mapping[str, float]) -> tuple[Workload, ...]:
    """Return the suite's workloads with other margins; none where nothing differs, so that the suite's name says it."""
    workloads = load_suite(suite)
    own = {workload.name for workload in workloads if has_margin(workload.benchmark)}
    unknown = sorted(set(margins) - own)
    if unknown:
        raise InvalidSubmissionError(
            f"{NAME} gives a margin to {unknown[0]!r}, which is no workload of {suite} with a margin",
            remedy=f"name some of {', '.join(sorted(own)) or 'another suite'}",
            field="margins",
        )
    if not margins:
        return ()
    return tuple(replace(workload, margin=margins.get(workload.name, workload.margin)) for workload in workloads)


def _check_place(model: str, settings: Settings) -> None:
    """Refuse a folder of the host that the operator has not opened for commands; a name on the hub passes."""
    if _HUB_NAME.fullmatch(model):
        return
    roots = [Path(root).resolve() for root in settings.github_model_roots.split(":") if root]
    path = Path(model)
    if "\x00" in model or not path.is_absolute() or not any(path.resolve().is_relative_to(root) for root in roots):
        raise PolicyError(
            f"{model!r} is no name on the hub, and no folder from which commands may take models",
            remedy="name a model as owner/name, or ask the operator about PLUMBLINE_GITHUB_MODEL_ROOTS",
            field="model",
        )
