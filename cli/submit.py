"""`plumbline submit`: ask for a comparison, and wait for the verdict on request."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.client import ROOT, Client, is_local
from cli.errors import ServerUnreachableError, readable
from cli.options import JsonFlag, Server, client_of, engine_arguments, model_path
from cli.watch import wait_and_tell


@readable
def submit(
    model: Annotated[str, typer.Option(help="A model's folder or hub name.")],
    engine: Annotated[str, typer.Option(help="The candidate: sglang, hf or remote.")] = "sglang",
    baseline: Annotated[str, typer.Option(help="The engine to compare with.")] = "hf",
    suite: Annotated[str, typer.Option(help="What to measure.")] = "demo",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first items of each workload.")] = None,
    revision: Annotated[str | None, typer.Option(help="A hub model's branch, tag or commit.")] = None,
    engine_arg: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An argument of the candidate; may be repeated.")
    ] = None,
    baseline_arg: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An argument of the baseline; may be repeated.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="Of both engines: auto, float32, bfloat16, float16.")] = None,
    device: Annotated[str | None, typer.Option(help="Of both engines: cpu or cuda.", show_default="cpu")] = None,
    gpus: Annotated[int | None, typer.Option(min=0, help="GPUs of the candidate.")] = None,
    external_package: Annotated[
        Path | None, typer.Option(help="Folder of a Python package with SGLang model classes.")
    ] = None,
    architectures: Annotated[str | None, typer.Option(help="Model classes, separated by commas.")] = None,
    engine_url: Annotated[str | None, typer.Option(help="Where a remote candidate listens.")] = None,
    baseline_url: Annotated[str | None, typer.Option(help="Where a remote baseline listens.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A word to find the run by; may be repeated.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run; the verdict is the exit status.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a model on two engines; with --wait exit with 0 on a pass, 1 on a fail, 2 on everything else."""
    client = client_of(server)
    shared = {"dtype": dtype, "device": device}
    candidate = {
        "engine": engine,
        "args": engine_arguments(engine_arg or [], "--engine-arg"),
        "gpus": gpus,
        "external_package": str(external_package.expanduser().resolve()) if external_package else None,
        "architectures": [name.strip() for name in architectures.split(",")] if architectures else None,
        "base_url": engine_url,
    }
    baseline_args = engine_arguments(baseline_arg or [], "--baseline-arg")
    body = {
        "model": _given({"path": model_path(model, local=is_local(client.url)), "revision": revision}),
        "candidate": _given(candidate | shared),
        "baseline": _given({"engine": baseline, "args": baseline_args, "base_url": baseline_url} | shared),
        "suite": suite,
        "limit": limit,
        "tags": tag or [],
    }
    run = send(client, _given(body))
    tell(run, as_json=as_json, wait=wait)
    if wait:
        wait_and_tell(client, run["id"], as_json=as_json)


def send(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Post a submission; after a broken connection once more, with the same key, so that there is one run."""
    key = secrets.token_hex(16)
    try:
        run: dict[str, Any] = client.post(f"{ROOT}/submissions", body, key=key)
    except ServerUnreachableError:
        run = client.post(f"{ROOT}/submissions", body, key=key)
    return run


def tell(run: dict[str, Any], *, as_json: bool, wait: bool) -> None:
    """Print a new run's id and addresses."""
    if as_json:
        if not wait:
            print(json.dumps(run))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Run {run['id']}", markup=False)
    console.print(f"Page: {run['links']['page']}", markup=False)
    if not wait:
        console.print(f"Follow it: plumbline watch {run['id']}", markup=False)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
