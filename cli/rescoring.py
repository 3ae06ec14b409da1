"""`plumbline rescore`: judge a run's stored answers by another scorer; no model runs."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import ROOT, Client
from cli.errors import ServerRefusedError, readable
from cli.options import JsonFlag, RunArgument, Server, client_of
from cli.tables import print_report
from db.codec import from_json
from evals.result import Report

_PATIENCE_S = 600.0
_EVERY_S = 0.5


@readable
def rescore(
    run: RunArgument,
    scorer: Annotated[str, typer.Option(help="A scorer, such as answer-line@1 or flexible-extract.")],
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Judge a finished run's answers by another scorer and print that report; the run's own verdict stays."""
    client = client_of(server)
    asked = client.post(f"{ROOT}/submissions/{run}/rescore", {"scorer": scorer})
    found = _wait(client, asked["report"])
    if as_json:
        print(json.dumps(found))
        return
    about = client.get(f"{ROOT}/submissions/{run}")
    print_report(Console(), from_json(Report, found), about["links"]["page"])


def _wait(client: Client, path: str) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return client.get(path)
        except ServerRefusedError as error:
            if error.details.get("problem_code") != "no_report_yet" or time.monotonic() > deadline:
                raise
        time.sleep(_EVERY_S)
