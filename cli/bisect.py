"""`plumbline bisect`: run a submission over a line of commits, halving by verdict, until the first bad one is named."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.bisect_steps import Step, run_step
from cli.bisect_tables import conclusion, print_conclusion, print_steps
from cli.commits import address_of, line_between
from cli.errors import INTERRUPTED_STATUS, readable
from cli.options import JsonFlag, Server, client_of, with_options_of
from cli.submit import submission_body, submit
from evals.bisect import Search, next_place, outcome_of, runs_left
from evals.code_sources import GitCode

Repository = typer.Option("--repo", metavar="PATH|URL", help="Where the service fetches the commits from.")
Package = typer.Option(
    metavar="FOLDER", help="The repository holds an external model package there, instead of SGLang itself."
)
Clone = typer.Option(metavar="FOLDER", help="A clone whose history is read, instead of fetching that from --repo.")


@readable
@with_options_of(submit, leaving_out=("engine_source", "external_package", "check", "wait"))
def bisect(
    repo: Annotated[str, Repository],
    good: Annotated[str, typer.Option(help="A commit, tag or branch that passes.")],
    bad: Annotated[str, typer.Option(help="A later one that fails.")],
    package: Annotated[str | None, Package] = None,
    clone: Annotated[Path | None, Clone] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Run the good and the bad end too.")] = False,
    runs: Annotated[int, typer.Option(min=1, help="How many runs at most.")] = 20,
    anew: Annotated[bool, typer.Option("--anew", help="Make new runs where an earlier bisect made the same.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
    **options: Any,
) -> None:
    """Find the commit since which a submission fails; repeated, the command goes on with the runs it has made.

    It takes the options of `plumbline submit`. Only a pass is good and only a fail is bad: a commit whose run ends in
    another way is left for a neighbour. Exits with 0 when the commit is named, 2 otherwise.
    """
    client, address, console = client_of(server), address_of(repo), Console(stderr=as_json, highlight=False)
    line = line_between(address, good, bad, clone=clone)
    nonce = secrets.token_hex(8) if anew else ""
    search, steps = Search(length=len(line), verify=verify), list[Step]()
    console.print(f"{len(line):,} commits, at most {runs_left(search)} runs if each gives a pass or a fail")
    try:
        while len(steps) < runs and (place := next_place(search)) is not None:
            code = _code(address, line[place].sha, package)
            body = submission_body(client, **(options | code))
            step = run_step(client, body, place, line[place], nonce=nonce, console=console)
            steps.append(step)
            search = replace(search, outcomes={**search.outcomes, place: outcome_of(step.verdict)})
    except KeyboardInterrupt:
        print_steps(console, steps)
        console.print("The last run goes on. Give the same command again to go on from here.")
        raise typer.Exit(INTERRUPTED_STATUS) from None
    found = conclusion(search, line, steps)
    if as_json:
        print(json.dumps(found.as_json(steps)))
    else:
        print_steps(console, steps)
        print_conclusion(console, found)
    raise typer.Exit(0 if found.first_bad else 2)


def _code(address: str, sha: str, package: str | None) -> dict[str, str]:
    """Return the option of `plumbline submit` that names a commit's code."""
    if package is None:
        return {"engine_source": GitCode(url=address, ref=sha).as_source()}
    return {"external_package": GitCode(url=address, ref=sha, folder=package.strip("/")).as_package()}
