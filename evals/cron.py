"""When a cron expression is due, in UTC."""

from __future__ import annotations

from datetime import datetime

from evals.errors import InvalidSubmissionError

_FIELDS = 5


def next_due(expression: str, after: datetime) -> datetime:
    """Return the first time after `after` (aware, in UTC) at which an expression is due.

    Raises InvalidSubmissionError for one that says nothing, or a time that never comes. Seconds are refused: they are
    no nightly's business.
    """
    from cronsim import CronSim, CronSimError

    try:
        if len(expression.split()) != _FIELDS:
            raise CronSimError(f"{len(expression.split())} fields instead of {_FIELDS}")
        return next(CronSim(expression, after))
    except CronSimError as error:
        raise _unusable(expression, str(error)) from None
    except StopIteration:
        raise _unusable(expression, "it is never due") from None


def _unusable(expression: str, why: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"the cron expression {expression!r} cannot be used: {why}",
        remedy='write minute, hour, day, month and weekday, in UTC: "0 2 * * *" is every night at two',
        field="cron",
    )
