"""Records of requests with times given by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from evals.serving.load import Load
from evals.serving.passes import Pass
from evals.serving.record import Basis, Record
from evals.serving.tries import Effort

MS = 1_000_000
LOAD = Load(base_url="http://x", requests=1, concurrency=2)


def record(index: int = 0, *, sent: int = 0, arrivals: tuple[tuple[int, int], ...] = (), **values: Any) -> Record:
    """A record of an answer; times in ms, arrivals as (time, tokens so far)."""
    plain: dict[str, Any] = {
        "due_ns": None, "first_sent_ns": sent * MS, "sent_ns": sent * MS, "first_byte_ns": None,
        "ended_ns": (arrivals[-1][0] if arrivals else sent) * MS, "basis": Basis.COUNTS if arrivals else None,
        "status": 200, "fault": None, "finish_reason": "length", "planned_input": 10, "asked_tokens": 4,
        "input_tokens": 10, "output_tokens": arrivals[-1][1] if arrivals else None, "cached_tokens": 0,
        "tries": 1, "refusals": [],
    }  # fmt: skip
    times = np.array([at * MS for at, _ in arrivals], dtype=np.int64)
    tokens = np.array([so_far for _, so_far in arrivals], dtype=np.int64)
    return Record(index=index, at_ns=times, tokens=tokens, **(plain | values))


def finished(records: list[Record], load: Load = LOAD, effort: Effort | None = None) -> Pass:
    calm = Effort(wall_s=10, cpu_s=1, lags_ms=[0.1] * 100, late_ms=[], opened=0, read_early=0)
    return Pass(load=load, start_ns=0, started_s=0.0, records=records, efforts=[effort or calm])


ANSWER = record(sent=100, arrivals=((150, 1), (160, 2), (190, 5)))


def effort(**values: Any) -> Effort:
    calm: dict[str, Any] = {
        "wall_s": 10,
        "cpu_s": 1,
        "lags_ms": [1.0] * 200,
        "late_ms": [],
        "opened": 0,
        "read_early": 0,
    }
    return Effort(**(calm | values))
