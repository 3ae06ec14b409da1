"""Schedules, and the runs that came of them."""

from __future__ import annotations

from datetime import UTC, datetime

from db.schedules import create_schedule
from db.session import transaction
from evals.spec import Submission
from tests.integration.db.builders import submission

NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


def schedule(asked: Submission | None = None) -> None:
    with transaction() as session:
        create_schedule(
            session, name="n", cron="0 2 * * *", body={}, submission=asked or submission(), created_by="ann", now=NOW
        )
