"""What acting on a webhook comes to: words for the log, and what must be woken afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from db.github_deliveries import DeliveryState
from workers.github.running import Wake
from workers.queue import enqueue_job, enqueue_posting, enqueue_report


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Say what was made of a webhook."""

    words: str
    state: DeliveryState = DeliveryState.DONE
    wake: Wake = field(default_factory=Wake)


Effects = Callable[[Session], Outcome]
"""What is written of a webhook, in one transaction with the note that it was acted on."""


def ignored(words: str) -> Effects:
    """Return the effects of a webhook that comes to nothing."""
    return lambda _session: Outcome(words=words, state=DeliveryState.IGNORED)


def wake_up(wake: Wake) -> None:
    """Send the messages of what was written; a lost one is sent again by whoever reconciles."""
    for pull_id in dict.fromkeys(wake.pulls):
        enqueue_posting(pull_id)
    for job_id, queue in wake.jobs:
        enqueue_job(job_id, queue)
    for run_id in wake.reports:
        enqueue_report(run_id)
