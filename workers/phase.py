"""Note where a job is: its phase, and the log of the engine that it launches."""

from __future__ import annotations

import logging
from pathlib import Path

from db.claims import Claim
from db.jobs import enter_phase, note_facts
from db.session import transaction
from db.states import Phase

log = logging.getLogger(__name__)


def enter(claim: Claim, phase: Phase) -> None:
    """Note that a job has entered a phase; raises LeaseLostError."""
    log.info("job %s attempt %d: %s", claim.job.id, claim.lease.attempt, phase)
    with transaction() as session:
        enter_phase(session, claim.lease, phase)


def note_log(claim: Claim, log_path: Path) -> None:
    """Note which log a reader of the job is shown; raises LeaseLostError."""
    with transaction() as session:
        note_facts(session, claim.lease, {}, log_path=str(log_path))
