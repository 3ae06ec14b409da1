"""What a server takes and tells, found out with one small request before the pass."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evals.errors import RequestRefusedError
from evals.serving.lengths import fixed
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.record import Basis

_INPUT_TOKENS, _OUTPUT_TOKENS = 16, 8
_NOT_TAKEN = ("http 400", "http 422", "an error event")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Hold a load with what the server refuses left out, and how its first token can be told."""

    load: Load
    basis: Basis | None
    left_out: list[str]


def probe(load: Load) -> Probe:
    """Ask one request; when it is refused as wrong, leave out counts in each event, then forced lengths, then both.

    Raises RequestRefusedError when no form gets an answer, and EngineUnreachableError when nobody is there.
    """
    faults = []
    for count_events, force_lengths in ((True, True), (False, True), (True, False), (False, False)):
        if count_events > load.count_events or force_lengths > load.force_lengths:
            continue
        tried = replace(load, count_events=count_events, force_lengths=force_lengths)
        record = run_pass(_small(tried)).records[0]
        if record.fault is None:
            return Probe(load=tried, basis=record.basis, left_out=_left_out(load, tried))
        faults.append(record.fault)
        if not record.fault.startswith(_NOT_TAKEN):
            break
    raise RequestRefusedError(
        f"the server does not answer a small request at its {load.endpoint} endpoint: {faults[0]}",
        remedy="choose the endpoint that it has (--api), and its model's name (--model)",
    )


def _small(load: Load) -> Load:
    return replace(
        load,
        requests=1,
        concurrency=1,
        processes=1,
        rate=None,
        poisson=False,
        trace=None,
        conversations=None,
        shared_prefix_len=0,
        input_len=fixed(_INPUT_TOKENS),
        output_len=fixed(_OUTPUT_TOKENS),
        seed=load.seed + 1,
    )


def _left_out(asked: Load, taken: Load) -> list[str]:
    named = {"continuous_usage_stats": (asked.count_events, taken.count_events)}
    named["ignore_eos"] = (asked.force_lengths, taken.force_lengths)
    return [name for name, (was, now) in named.items() if was and not now]
