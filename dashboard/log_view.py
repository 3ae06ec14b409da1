"""The ends of engines' logs as pages show them; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.job_view import JobView
from dashboard.texts import visible
from db.jobs import JobRecord

LOG_LINES = 40
_LINE = 400
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class LogView:
    """The end of a running job's engine log; note: why there is none."""

    job_id: str
    role: str
    text: str
    note: str


def log_views(
    jobs: Sequence[JobRecord], views: Sequence[JobView], logs: Mapping[str, str | None]
) -> tuple[LogView, ...]:
    """Return the logs of the jobs that run; logs: by job its log's end, None where it is not on this host."""
    return tuple(_log(job, logs.get(job.id)) for job, view in zip(jobs, views, strict=True) if view.live)


def _log(job: JobRecord, text: str | None) -> LogView:
    if job.log_path is None:
        note = "no engine was launched yet"
    elif text is None:
        note = f"the log is on the host of the worker {job.worker}" if job.worker else "the log is not on this host"
    else:
        note = "" if text else "the engine has written nothing yet"
    return LogView(job_id=job.id, role=job.role.value, text=log_text(text or ""), note=note)


def log_text(text: str) -> str:
    """Return a log's lines as a page shows them: without colours, of rewritten lines the last state, none too long."""
    lines = (line.rpartition("\r")[2] for line in _COLOURS.sub("", text).replace("\r\n", "\n").split("\n"))
    shown = [visible(line[:_LINE]) + ("…" if len(line) > _LINE else "") for line in lines]
    return "\n".join(shown).rstrip("\n")
