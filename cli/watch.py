"""`plumbline watch`: follow a run to its end and say how it ended."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import typer
from httpx_sse import SSEError
from rich.console import Console

from cli.client import ROOT, Client
from cli.errors import INTERRUPTED_STATUS, ServerUnreachableError, readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.outcome import exit_status, print_outcome
from cli.progress import ProgressView, progress_view

PATIENCE_S = 60.0
"""How long a service that has gone away is waited for."""


@readable
def watch(run: RunArgument, server: Server = None, as_json: JsonFlag = False) -> None:
    """Follow a run to its end; exit with 0 on a pass, 1 on a fail, 2 on everything else."""
    client = client_of(server)
    wait_and_tell(client, run, as_json=as_json)


def wait_and_tell(client: Client, run_id: str, *, as_json: bool) -> None:
    """Follow a run, print its outcome, and end the command with the verdict's status."""
    console = Console(stderr=as_json)
    try:
        with progress_view(console) as view:
            final = follow(client, run_id, view)
    except KeyboardInterrupt:
        console.print(f"\nRun {run_id} goes on. Watch it: plumbline watch {run_id}", highlight=False)
        console.print(f"Cancel it: plumbline cancel {run_id}", highlight=False)
        raise typer.Exit(INTERRUPTED_STATUS) from None
    print_outcome(client, final, as_json=as_json)
    raise typer.Exit(exit_status(final["verdict"]))


def follow(client: Client, run_id: str, view: ProgressView) -> dict[str, Any]:
    """Show a run's snapshots until it has ended and return the last one; a broken connection is made anew."""
    lost_since: float | None = None
    while True:
        try:
            with client.events(f"{ROOT}/submissions/{run_id}/events") as events:
                for event in events:
                    lost_since = None
                    if event.event == "snapshot":
                        view.show(json.loads(event.data))
                    elif event.event == "end":
                        final: dict[str, Any] = client.get(f"{ROOT}/submissions/{run_id}")
                        return final
        except (ServerUnreachableError, SSEError, httpx.StreamError):
            lost_since = lost_since or time.monotonic()
            if time.monotonic() - lost_since > PATIENCE_S:
                raise
        time.sleep(1.0)
