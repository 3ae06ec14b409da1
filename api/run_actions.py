"""What a person can do with a run from its page: said beforehand in words, then done by the same verbs as the API's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.form_troubles import read_form
from api.routes.baselines import PromotionRequest
from api.routes.submissions import accept, cancel_run, repeat_failed
from db.baseline_choice import unsettled
from db.baselines import promote
from db.runs import RunRecord, get_run
from db.session import transaction
from db.settings import settings
from db.tokens import TokenInfo, TokenRole
from evals.reproduce import submit_command
from evals.submission_rules import check_submission

ROLES = {
    "again": TokenRole.SUBMITTER,
    "cancel": TokenRole.SUBMITTER,
    "retry": TokenRole.SUBMITTER,
    "promote": TokenRole.MAINTAINER,
}


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What the page says before something is done. command: what does the same in a terminal."""

    title: str
    what: tuple[str, ...]
    button: str
    command: str
    asks_reason: bool = False
    danger: bool = False


@dataclass(frozen=True, kw_only=True)
class ActionForm:
    """What a form sends beside its key."""

    reason: str = ""
    workload: str = ""
    despite_verdict: bool = False


def confirmation(action: str, run: RunRecord) -> Confirmation:
    """Return what is said before an action."""
    return _CONFIRMATIONS[action](run)


def _before_again(run: RunRecord) -> Confirmation:
    asked = run.submission
    engines = f"{asked.candidate.kind} against {asked.baseline_words}"
    return Confirmation(
        title="Run again",
        what=(
            f"A new run of the same submission is queued: {asked.model.path}, {engines}, suite {asked.suite}.",
            "It launches engines and takes their devices as any run does. This run stays as it is.",
            "A stored baseline is chosen anew: the one accepted last." if asked.baseline_from else "",
            "Answers that the same engine gave before are used again."
            if asked.use_cache
            else "Everything is asked anew.",
        ),
        button="Queue the new run",
        command=submit_command(asked),
    )


def _before_cancel(run: RunRecord) -> Confirmation:
    return Confirmation(
        title="Cancel this run",
        what=(
            "Waiting jobs end at once, running ones are told to stop, and their engines are ended.",
            "Answers so far are kept; the run ends without a verdict. Its failed jobs can be repeated later.",
        ),
        button="Cancel the run",
        command=f"plumbline cancel {run.id}",
        danger=True,
    )


def _before_retry(run: RunRecord) -> Confirmation:
    return Confirmation(
        title="Repeat what failed",
        what=(
            "This run's failed and cancelled jobs are queued again; what was answered is asked no second time.",
            "The run loses its verdict until they have ended.",
        ),
        button="Queue the jobs again",
        command=f"plumbline retry {run.id}",
    )


def _before_promote(run: RunRecord) -> Confirmation:
    return Confirmation(
        title="Promote to baseline",
        what=(
            f"What the candidate ({run.submission.candidate.kind}) of this run measured becomes the baseline of its "
            "lineages.",
            "Later submissions with a stored baseline are held against it; no earlier run changes.",
            "The promotion is recorded with your token's name and your reason, and can be taken back by a demotion.",
        ),
        button="Promote",
        command=f"plumbline baselines promote {run.id} --reason …",
        asks_reason=True,
    )


_CONFIRMATIONS: dict[str, Callable[[RunRecord], Confirmation]] = {
    "again": _before_again,
    "cancel": _before_cancel,
    "retry": _before_retry,
    "promote": _before_promote,
}


def act(action: str, run_id: str, token: TokenInfo, form: ActionForm) -> str:
    """Do it and return the address to go on to; raises what the API's verbs raise, and FormError by field."""
    return _ACTIONS[action](run_id, token, form)


def _again(run_id: str, token: TokenInfo, form: ActionForm) -> str:
    with transaction() as session:
        wanted = unsettled(get_run(session, run_id).submission)
    config = settings()
    check_submission(wanted, code_roots=config.code_roots, repositories=config.repositories)
    run, _, _ = accept(wanted, token)
    return f"/runs/{run.id}"


def _cancel(run_id: str, token: TokenInfo, form: ActionForm) -> str:
    cancel_run(run_id)
    return f"/runs/{run_id}"


def _retry(run_id: str, token: TokenInfo, form: ActionForm) -> str:
    repeat_failed(run_id)
    return f"/runs/{run_id}"


def _promote(run_id: str, token: TokenInfo, form: ActionForm) -> str:
    asked = read_form(
        PromotionRequest, reason=form.reason.strip(), workload=form.workload, despite_verdict=form.despite_verdict
    )
    with transaction() as session:
        promote(
            session,
            run_id,
            actor=token.name,
            reason=asked.reason,
            workload=asked.workload,
            despite_verdict=asked.despite_verdict,
        )
    return "/baselines"


_ACTIONS: dict[str, Callable[[str, TokenInfo, ActionForm], str]] = {
    "again": _again,
    "cancel": _cancel,
    "retry": _retry,
    "promote": _promote,
}
