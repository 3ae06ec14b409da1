"""A pass as JSON: the load, the summary, and every request's raw times."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from evals.serving.passes import Pass
from evals.serving.probe import Probe
from evals.serving.record import Record
from evals.serving.summary import Summary
from evals.serving.vocabulary import vocabulary

FORMAT = 1


def as_json(done: Pass, summary: Summary, probed: Probe | None) -> dict[str, Any]:
    """Return all there is to know; times of requests are ns from the start of the pass."""
    return {
        "format": FORMAT,
        "started_s": done.started_s,
        "start_ns": done.start_ns,
        "clock": "time.perf_counter_ns",
        "python": sys.version.split()[0],
        "load": load_as_json(done),
        "left_out": probed.left_out if probed else [],
        "summary": asdict(summary),
        "requests": [request_as_json(record, done.start_ns) for record in done.records],
    }


def load_as_json(done: Pass) -> dict[str, Any]:
    """Return a load without its key, and what its inputs were drawn from."""
    said = {name: value for name, value in asdict(done.load).items() if name != "api_key"}
    return said | {"vocabulary": vocabulary(done.load.tokenizer).basis}


def request_as_json(record: Record, start_ns: int) -> dict[str, Any]:
    """Return a record with its times counted from the start of the pass."""
    said: dict[str, Any] = {}
    for name in record.__slots__:
        value = getattr(record, name)
        is_time = name.endswith("_ns") and value is not None
        said[name] = value - start_ns if is_time else value
    said["refusals"] = [[sent - start_ns, ended - start_ns, status] for sent, ended, status in record.refusals]
    return said


def write(file: Path, said: dict[str, Any]) -> None:
    """Write JSON to a file; raises OSError."""
    file.write_bytes(orjson.dumps(said, default=str, option=orjson.OPT_SERIALIZE_NUMPY))
