"""One step of a bisect: a run for a commit, found again under its key if it was made before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from cli.client import ROOT, Client
from cli.commits import Commit
from cli.errors import ServerRefusedError
from cli.progress import progress_view
from cli.submit import send
from cli.text import visible
from cli.watch import follow
from evals.result import Verdict
from evals.spec import digest


@dataclass(frozen=True, kw_only=True)
class Step:
    """A commit, its place on the line, and how its run ended."""

    place: int
    commit: Commit
    run_id: str
    verdict: Verdict
    headline: str
    page: str


def run_step(client: Client, body: dict[str, Any], place: int, commit: Commit, *, nonce: str, console: Console) -> Step:
    """Submit a commit's code, or find the run that an earlier command made for the same body, and wait for its end.

    nonce: makes the key another one, so that no earlier run is found.
    """
    run = _made_or_found(client, body, f"bisect-{digest([nonce, body])}")
    console.print(f"\n{visible(_named(commit))}\n{run['links']['page']}", markup=False, soft_wrap=True)
    if run["state"] == "finished" and any(job["state"] == "cancelled" for job in run["jobs"]):
        client.post(f"{ROOT}/submissions/{run['id']}/retry")
    with progress_view(console) as view:
        final = follow(client, run["id"], view)
    verdict, headline = Verdict(final["verdict"] or Verdict.ERROR), final.get("headline") or "without a report"
    console.print(visible(f"{verdict}: {headline}"), markup=False, soft_wrap=True)
    return Step(
        place=place, commit=commit, run_id=run["id"], verdict=verdict, headline=headline, page=run["links"]["page"]
    )


def _made_or_found(client: Client, body: dict[str, Any], key: str) -> dict[str, Any]:
    try:
        return send(client, body, key=key)
    except ServerRefusedError as error:
        if error.details.get("problem_code") == "idempotency_key_reused":
            # The service has come to read the same body in another way, as after an update of a suite's settings.
            error.remedy = "give the command again with --anew, which makes new runs"
        raise


def _named(commit: Commit) -> str:
    return f"{commit.sha[:12]} {commit.date} {commit.subject}"
