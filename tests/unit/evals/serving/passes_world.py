"""A small load, and a pass over it against a scripted server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from evals.serving.lengths import fixed
from evals.serving.load import Load
from evals.serving.passes import Pass, run_pass
from tests.unit.evals.serving.scripted import Answer, Met, serving

Send = Callable[[bytes], Awaitable[None]]
SMALL = Load(base_url="", requests=4, concurrency=2, input_len=fixed(5), output_len=fixed(3))


def ran(answer: Answer, **settings: Any) -> tuple[Pass, Met]:
    with serving(answer) as (url, met):
        return run_pass(replace(SMALL, base_url=url, **settings)), met
