"""Baselines: which results were accepted, by whom and why, and which one of a lineage is the latest.

A promotion is a row that is never changed: the baseline of a lineage is the result promoted last among those whose
last row is a promotion.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from db.lineages import ResultRecord, result_record, results_of
from db.promotions import Action, By, PromotionRecord, accepted, add_promotions, lock_lineages, promotion_record
from db.runs import RunRecord, lock_run
from db.states import RunState
from db.tables_baselines import LineageResult, Promotion
from evals.baseline import BaselineKind
from evals.code_sources import INSTALLED
from evals.errors import PlumblineError
from evals.lineage import Lineage
from evals.outcome import Verdict
from evals.result import Report
from evals.spec import Role, Submission

MAIN_TAG = "main"
"""The tag of submissions that become baselines by themselves when they pass."""

_TRUSTED = frozenset({Verdict.PASS.value, Verdict.INCONCLUSIVE.value, None})


class NothingToPromoteError(PlumblineError):
    """A run has no result that could become a baseline, or none that is one."""

    code = "nothing_to_promote"


class VerdictForbidsError(PlumblineError):
    """A run that did not pass becomes a baseline only when a person insists."""

    code = "verdict_forbids"


def promote(
    session: Session,
    run_id: str,
    *,
    actor: str,
    reason: str,
    workload: str | None = None,
    despite_verdict: bool = False,
) -> list[PromotionRecord]:
    """Let a person make a finished run's results baselines; return what was added, nothing for what is one already.

    workload: this one alone. Raises NothingToPromoteError, and VerdictForbidsError for a workload that failed or was
    incomparable unless `despite_verdict`.
    """
    results = _of_finished(lock_run(session, run_id), _of_candidate(session, run_id, workload))
    for result in results:
        if result.verdict not in _TRUSTED and not despite_verdict:
            raise VerdictForbidsError(
                f"the verdict about {result.workload} is {result.verdict}",
                remedy="say despite_verdict (--despite-verdict) if it shall be the baseline all the same",
            )
    return add_promotions(session, results, Action.PROMOTED, By.PERSON, actor, reason)


def demote(
    session: Session, run_id: str, *, actor: str, reason: str, workload: str | None = None
) -> list[PromotionRecord]:
    """Let a person take a run's baselines back; the one accepted before becomes its lineage's baseline again."""
    lock_run(session, run_id)
    results = [one for one in results_of(session, run_id) if workload in (None, one.workload)]
    added = add_promotions(session, results, Action.DEMOTED, By.PERSON, actor, reason)
    if not added:
        raise NothingToPromoteError(f"no result of run {run_id} is a baseline", remedy="see `plumbline baselines list`")
    return added


def promote_by_rule(session: Session, report: Report, run: RunRecord) -> list[PromotionRecord]:
    """Make baselines of what the rules accept, once: a passed run tagged main, and a backfill of what was lacking.

    Never of a part of a benchmark, and never of a pull request's run.
    """
    if run.submission.pull_request is not None:
        return []
    whole = [result for result in results_of(session, report.run_id) if result.partial is None]
    lock_lineages(session, whole)
    added = []
    if _may_fill_in(run.submission) and report.verdict not in (Verdict.ERROR, Verdict.INCOMPARABLE):
        backfilled = [one for one in whole if one.role is Role.BASELINE and _is_lacking(session, one.lineage)]
        said = f"run {run.id} measured what its lineage lacked"
        added += add_promotions(session, backfilled, Action.PROMOTED, By.RULE, "backfill", said)
    if MAIN_TAG in run.submission.tags and report.verdict is Verdict.PASS:
        passed = [result for result in whole if result.role is Role.CANDIDATE]
        said = f"run {run.id} passed with the tag {MAIN_TAG}"
        added += add_promotions(session, passed, Action.PROMOTED, By.RULE, "main passed", said)
    return added


def _may_fill_in(submission: Submission) -> bool:
    """Tell whether a run's backfill is accepted: code from elsewhere only where a maintainer has tagged it main."""
    source, engine = submission.baseline_from, submission.baseline
    is_ours = engine.kind != "remote" and engine.source == INSTALLED and engine.external_package is None
    return source is not None and source.kind is BaselineKind.BACKFILL and (is_ours or MAIN_TAG in submission.tags)


def _is_lacking(session: Session, lineage: Lineage) -> bool:
    """Tell whether a submission would find no accepted result: it takes one of any hardware."""
    found = stored_baseline(session, model=lineage.model, workload_key=lineage.workload, engine=lineage.engine)
    return found is None


def stored_baseline(session: Session, *, model: str, workload_key: str, engine: str) -> ResultRecord | None:
    """Return the result accepted last on any hardware, or None: accuracy may be compared across hardware."""
    query = accepted().where(
        LineageResult.model == model, LineageResult.workload_key == workload_key, LineageResult.engine == engine
    )
    row = session.execute(query.order_by(Promotion.id.desc()).limit(1)).first()
    return result_record(row[1]) if row else None


def list_baselines(
    session: Session,
    *,
    model: str | None = None,
    lineage: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[PromotionRecord]:
    """Return the baseline of every lineage with the promotion that made it one, the newest first.

    model, lineage: only this one's (a lineage by its key). limit, offset: a page of them.
    """
    last = accepted().with_only_columns(Promotion.id).ext(distinct_on(LineageResult.lineage))
    last = last.order_by(LineageResult.lineage, Promotion.id.desc())
    if model is not None:
        last = last.where(LineageResult.model == model)
    if lineage is not None:
        last = last.where(LineageResult.lineage == lineage)
    query = select(Promotion, LineageResult).join(LineageResult, LineageResult.id == Promotion.result_id)
    query = query.where(Promotion.id.in_(last)).order_by(Promotion.id.desc()).limit(limit).offset(offset)
    return [promotion_record(promotion, result_record(result)) for promotion, result in session.execute(query)]


def history(session: Session, lineage: str | None = None, *, limit: int = 1000) -> list[PromotionRecord]:
    """Return the promotions and demotions of a lineage (by its key), or of all of them, the newest first."""
    query = select(Promotion, LineageResult).join(LineageResult, LineageResult.id == Promotion.result_id)
    if lineage is not None:
        query = query.where(Promotion.lineage == lineage)
    rows = session.execute(query.order_by(Promotion.id.desc()).limit(limit))
    return [promotion_record(promotion, result_record(result)) for promotion, result in rows]


def _of_candidate(session: Session, run_id: str, workload: str | None) -> list[ResultRecord]:
    found = [result for result in results_of(session, run_id) if result.role is Role.CANDIDATE]
    return [result for result in found if workload in (None, result.workload)]


def _of_finished(run: RunRecord, results: list[ResultRecord]) -> list[ResultRecord]:
    if run.state is not RunState.FINISHED or not results:
        raise NothingToPromoteError(
            f"run {run.id} has no whole result to promote",
            remedy="a run can be a baseline once it has finished and its candidate has answered every item",
        )
    return results
