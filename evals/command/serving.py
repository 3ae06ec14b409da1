"""`python -m evals serving --base-url URL`: one pass of a load against any running server."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import orjson

from evals.errors import InvalidSubmissionError
from evals.serving.goodput import parse_limits
from evals.serving.lengths import parse_lengths
from evals.serving.load import Endpoint, Load, check_load
from evals.serving.passes import run_pass
from evals.serving.probe import probe
from evals.serving.storing import as_json, write
from evals.serving.summary import summarise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a pass can be told."""
    add_server(parser)
    parser.add_argument("--json", type=Path, help="write the summary and every request's raw times to this file")
    parser.add_argument("--goodput", nargs="+", default=[], metavar="NAME:MS", help="limits, as in ttft:200 itl:50")
    parser.add_argument("--no-probe", action="store_true", help="do not ask a small request first")
    group = parser.add_argument_group("when requests are sent")
    group.add_argument("--requests", type=int, default=100, help="how many")
    _add_schedule(group)
    add_sending(group)
    add_contents(parser.add_argument_group("what is asked"))


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add which server is asked, and how."""
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="default", help="the model name the server expects")
    parser.add_argument("--api", type=Endpoint, default=Endpoint.NATIVE, help="native (/generate), completions or chat")
    parser.add_argument("--api-key", help="sent as Bearer token, stored nowhere")


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--concurrency", type=int, help="always in flight; with --rate or --trace, the most in flight")
    group.add_argument("--rate", type=float, help="requests/s, at even distances")
    group.add_argument("--poisson", action="store_true", help="--rate with exponential gaps")
    group.add_argument("--trace", type=Path, help="Azure 2023 (.csv) or Mooncake (.jsonl), also with .gz")
    group.add_argument("--trace-speed", type=float, default=1.0, help="2 replays a trace in half its time")


def add_sending(group: argparse._ArgumentGroup) -> None:
    """Add by how many processes requests are sent, and when one is given up."""
    group.add_argument("--processes", type=int, default=1, help="more when one event loop is not enough")
    group.add_argument("--timeout", type=float, default=600.0, help="seconds for one request")
    group.add_argument("--stall", type=float, default=60.0, help="seconds between two bytes of an answer")
    group.add_argument("--retries", type=int, default=3, help="how often a request refused with 429 or 503 comes again")


def add_contents(group: argparse._ArgumentGroup) -> None:
    """Add what requests consist of."""
    lengths = "tokens: 256, 128:512 or lognormal:MEDIAN:SIGMA[:MOST]"
    group.add_argument("--input-len", type=parse_lengths, default="256", help=lengths)
    group.add_argument("--output-len", type=parse_lengths, default="64", help=lengths)
    group.add_argument("--shared-prefix-len", type=int, default=0, help="tokens of the input that others share")
    group.add_argument("--prefix-groups", type=int, default=1, help="how many such prefixes there are")
    group.add_argument("--conversations", type=Path, help="questions of a file in ShareGPT's form")
    group.add_argument("--pictures", type=int, default=0, help="images in each request of a chat")
    group.add_argument("--picture-px", type=int, default=224, help="their side")
    group.add_argument("--tokenizer", type=Path, help="the model's folder, for inputs out of its own vocabulary")
    group.add_argument("--keep-eos", action="store_true", help="let answers end where the model ends them")
    group.add_argument("--seed", type=int, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Run the pass, print its summary as JSON, and say on stderr when the client was the limit."""
    limits = parse_limits(arguments.goodput)
    if arguments.json is not None and not arguments.json.absolute().parent.is_dir():
        raise InvalidSubmissionError(f"{arguments.json.parent} is no folder", remedy="make it, or name another file")
    load = check_load(load_of(arguments))
    probed = None if arguments.no_probe else probe(load)
    done = run_pass(probed.load if probed else load)
    summary = summarise(done, limits)
    if arguments.json is not None:
        write(arguments.json, as_json(done, summary, probed))
    print(orjson.dumps(asdict(summary), option=orjson.OPT_INDENT_2).decode())
    for reason in summary.client.reasons:
        print(f"the client was the limit: {reason}", file=sys.stderr)
    return 0


def load_of(arguments: argparse.Namespace) -> Load:
    """Return the load that a command line asks for."""
    return Load(
        base_url=arguments.base_url.rstrip("/"),
        requests=arguments.requests,
        endpoint=arguments.api,
        model=arguments.model,
        concurrency=arguments.concurrency,
        rate=arguments.rate,
        poisson=arguments.poisson,
        trace=arguments.trace,
        trace_speed=arguments.trace_speed,
        conversations=arguments.conversations,
        input_len=arguments.input_len,
        output_len=arguments.output_len,
        shared_prefix_len=arguments.shared_prefix_len,
        prefix_groups=arguments.prefix_groups,
        pictures=arguments.pictures,
        picture_px=arguments.picture_px,
        tokenizer=arguments.tokenizer,
        force_lengths=not arguments.keep_eos,
        seed=arguments.seed,
        processes=arguments.processes,
        timeout_s=arguments.timeout,
        stall_s=arguments.stall,
        retries=arguments.retries,
        api_key=arguments.api_key,
    )
