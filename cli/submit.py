"""`plumbline submit`: ask for a comparison, and wait for the verdict on request."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.baseline_option import baseline_body
from cli.client import ROOT, Client, is_local
from cli.errors import ServerUnreachableError, readable
from cli.options import JsonFlag, Server, client_of, model_path
from cli.plan import tell_plan
from cli.submission import Side, given, what_to_measure
from cli.watch import wait_and_tell

Texts = list[str] | None
Pairs = typer.Option(metavar="KEY=VALUE", help="An argument of the candidate; may be repeated.")
BaselinePairs = typer.Option(metavar="KEY=VALUE", help="An argument of the baseline; may be repeated.")
Benchmarks = typer.Option(
    "--benchmark",
    help="A benchmark instead of a suite: a task or group of lm-eval, sgl-eval/NAME, or parity; may be repeated.",
)
Workloads = typer.Option(metavar="JSON", help="A workload as the API takes it; may be repeated.")
Settings = typer.Option(
    "--set",
    metavar="KEY=VALUE",
    help="A setting of all --benchmark, such as few_shot=5, metric=acc,none, or for parity tolerance=0.01.",
)
Source = typer.Option(help="SGLang's code: installed, git:URL@REF or wheel:PATH.", show_default="installed")
Baseline = typer.Option(help="An engine to launch, stored, run:RUN, or published:VALUE/N.")
BaselineSource = typer.Option(help="The same for the baseline.", show_default="installed")
Package = typer.Option(
    metavar="FOLDER", help="A Python package with SGLang model classes, or git+URL@REF#subdirectory=FOLDER."
)
Processor = typer.Option(help="Whether the package brings a multimodal processor.", show_default="found in its files")
EarlyStop = typer.Option("--early-stop", help="Ask no more items than pass or fail takes; never a full score.")
Capability = typer.Option(help="What a remote candidate can do, such as chat; may be repeated.")
BaselineCapability = typer.Option(help="What a remote baseline can do; may be repeated.")


@readable
def submit(
    model: Annotated[str, typer.Option(help="A model's folder or hub name.")],
    engine: Annotated[str, typer.Option(help="The candidate: sglang, hf or remote.")] = "sglang",
    baseline: Annotated[str, Baseline] = "hf",
    suite: Annotated[str | None, typer.Option(help="What to measure.", show_default="demo")] = None,
    benchmark: Annotated[Texts, Benchmarks] = None,
    set_: Annotated[Texts, Settings] = None,
    workload: Annotated[Texts, Workloads] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask everything anew.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first items of each task (MMLU has 57).")] = None,
    early_stop: Annotated[bool, EarlyStop] = False,
    revision: Annotated[str | None, typer.Option(help="A hub model's branch, tag or commit.")] = None,
    engine_arg: Annotated[Texts, Pairs] = None,
    baseline_arg: Annotated[Texts, BaselinePairs] = None,
    dtype: Annotated[str | None, typer.Option(help="Of the engines: auto, float32, bfloat16, float16.")] = None,
    device: Annotated[str | None, typer.Option(help="Of the engines: cpu or cuda.", show_default="cpu")] = None,
    gpus: Annotated[int | None, typer.Option(min=0, help="GPUs of the candidate.")] = None,
    engine_source: Annotated[str | None, Source] = None,
    baseline_source: Annotated[str | None, BaselineSource] = None,
    backfill: Annotated[str | None, typer.Option(help="The engine to launch where no baseline is stored.")] = None,
    external_package: Annotated[str | None, Package] = None,
    external_processor: Annotated[bool | None, Processor] = None,
    architectures: Annotated[str | None, typer.Option(help="Model classes, separated by commas.")] = None,
    engine_url: Annotated[str | None, typer.Option(help="Where a remote candidate listens.")] = None,
    served_model: Annotated[str | None, typer.Option(help="The model's name at a remote candidate.")] = None,
    capability: Annotated[Texts, Capability] = None,
    baseline_url: Annotated[str | None, typer.Option(help="Where a remote baseline listens.")] = None,
    baseline_served_model: Annotated[str | None, typer.Option(help="The model's name at a remote baseline.")] = None,
    baseline_capability: Annotated[Texts, BaselineCapability] = None,
    tag: Annotated[Texts, typer.Option(help="A word to find the run by; may be repeated.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what would run, or why it would be refused.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run; the verdict is the exit status.")] = False,
    server: Server = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a model on two engines; with --wait exit with 0 on a pass, 1 on a fail, 2 on everything else."""
    client = client_of(server)
    body = submission_body(
        client, model=model, engine=engine, baseline=baseline, suite=suite, benchmark=benchmark, set_=set_,
        workload=workload, no_cache=no_cache, limit=limit, early_stop=early_stop, revision=revision,
        engine_arg=engine_arg, baseline_arg=baseline_arg, dtype=dtype, device=device, gpus=gpus,
        engine_source=engine_source, baseline_source=baseline_source, backfill=backfill,
        external_package=external_package, external_processor=external_processor, architectures=architectures,
        engine_url=engine_url, served_model=served_model, capability=capability, baseline_url=baseline_url,
        baseline_served_model=baseline_served_model, baseline_capability=baseline_capability, tag=tag,
    )  # fmt: skip
    if check:
        tell_plan(client.post(f"{ROOT}/submissions/check", body), as_json=as_json)
        return
    run = send(client, body)
    tell(run, as_json=as_json, wait=wait)
    if wait:
        wait_and_tell(client, run["id"], as_json=as_json)


def submission_body(
    client: Client, *, model: str, engine: str = "sglang", baseline: str = "hf", suite: str | None = None,
    benchmark: Texts = None, set_: Texts = None, workload: Texts = None, no_cache: bool = False,
    limit: int | None = None, early_stop: bool = False, revision: str | None = None, engine_arg: Texts = None,
    baseline_arg: Texts = None,
    dtype: str | None = None, device: str | None = None, gpus: int | None = None, engine_source: str | None = None,
    baseline_source: str | None = None, backfill: str | None = None, external_package: str | None = None,
    external_processor: bool | None = None,
    architectures: str | None = None, engine_url: str | None = None, served_model: str | None = None,
    capability: Texts = None, baseline_url: str | None = None, baseline_served_model: str | None = None,
    baseline_capability: Texts = None, tag: Texts = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the JSON body of what the options of `plumbline submit` ask for."""
    candidate = Side(
        engine=engine, arguments_option="engine-arg", arguments=engine_arg, url=engine_url, served_model=served_model,
        capabilities=capability, gpus=gpus, source=engine_source, external_package=external_package,
        external_processor=external_processor, architectures=architectures,
    )  # fmt: skip
    other = Side(
        engine=baseline, arguments_option="baseline-arg", arguments=baseline_arg, url=baseline_url,
        served_model=baseline_served_model, capabilities=baseline_capability, source=baseline_source,
    )  # fmt: skip
    shared = {"dtype": dtype, "device": device}
    what = {"path": model_path(model, local=is_local(client.url)), "revision": revision}
    sides = {"candidate": candidate.body(shared), "baseline": baseline_body(other, shared, backfill)}
    asked = what_to_measure(suite, benchmark or [], set_ or [], workload or [])
    how = {"limit": limit, "use_cache": False if no_cache else None, "tags": tag or []}
    return given({"model": given(what), **sides, **asked, **how, "early_stop": early_stop or None})


def send(client: Client, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
    """Post a submission; after a broken connection once more, with the same key, so that there is one run.

    key: one that finds the run again whenever the same body is sent; by default a new one.
    """
    key = key or secrets.token_hex(16)
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
