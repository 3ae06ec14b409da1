"""`plumbline logs`: an engine's log, as it stands or as it grows."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from cli.client import ROOT, Client
from cli.errors import readable
from cli.options import RunArgument, Server, client_of
from evals.errors import PlumblineError
from evals.spec import Role

OFFSET_HEADER = "Plumbline-Log-Offset"
POLL_S = 1.0


class NoLogError(PlumblineError):
    """The job has not launched its engine."""

    code = "no_log"


@readable
def logs(
    run: RunArgument,
    job: Annotated[Role | None, typer.Option(help="Whose log.", show_default="the run's first job")] = None,
    tail: Annotated[int, typer.Option(min=1, max=10_000, help="The last so many lines.")] = 200,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows, to the job's end.")] = False,
    server: Server = None,
) -> None:
    """Print a job's engine log."""
    client = client_of(server)
    found = _job(client, run, job)
    if found["log"] is None:
        raise NoLogError(
            f"the {found['role']}'s engine has no log yet", remedy=f"see what it does: plumbline watch {run}"
        )
    text, headers = client.get_text(found["log"], tail=tail)
    _write(text)
    if not follow:
        return
    try:
        _follow(client, run, job, found["log"], int(headers[OFFSET_HEADER]))
    except KeyboardInterrupt:
        return


def _follow(client: Client, run: str, role: Role | None, path: str, offset: int) -> None:
    while True:
        ended = _job(client, run, role)["state"] not in ("queued", "running")
        text, headers = client.get_text(path, offset=offset)
        _write(text)
        grown, offset = int(headers[OFFSET_HEADER]) > offset, int(headers[OFFSET_HEADER])
        if ended and not grown:
            return
        if not grown:
            time.sleep(POLL_S)


def _job(client: Client, run: str, role: Role | None) -> dict[str, Any]:
    """Return a run's job; its first one, the candidate's or a duel, without a role."""
    jobs: dict[str, dict[str, Any]] = {job["role"]: job for job in client.get(f"{ROOT}/submissions/{run}")["jobs"]}
    if role is None:
        return next(iter(jobs.values()))
    if role not in jobs:
        raise NoLogError(f"run {run} has no {role.value} job", remedy=f"it has {', '.join(jobs)}")
    return jobs[role]


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
