"""Which requests a pass consists of, before a token is drawn; the same however many processes send them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.serving.conversations import read_conversations
from evals.serving.draws import LENGTHS, TIMES, stream
from evals.serving.load import Load
from evals.serving.traces import read_trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """Say what one request is: lengths in tokens (input None: only the server knows), and when it is due.

    at_s: seconds from the start of the pass, None in a closed loop. blocks: the names of the blocks that the input
    consists of; inputs that name the same blocks begin alike. text: an input that is given, not drawn.
    """

    index: int
    input_len: int | None
    output_len: int
    at_s: float | None = None
    blocks: tuple[int, ...] = ()
    text: str | None = None


def plan(load: Load) -> list[Planned]:
    """Return a pass's requests in the order in which they are due, at most `load.requests`.

    Raises DatasetError for a file that is not what it should be.
    """
    planned = _contents(load)
    if load.rate is None:
        return planned
    times = times_s(load.rate, len(planned), poisson=load.poisson, seed=load.seed)
    return [replace(one, at_s=float(at_s)) for one, at_s in zip(planned, times, strict=True)]


def times_s(rate: float, count: int, *, poisson: bool, seed: int) -> NDArray[np.float64]:
    """Return when each request is due, in seconds: at even distances from zero on, or as a Poisson process has them.

    The times are absolute: how long a request takes, or a timer oversleeps, moves none of them. The process is the one
    that has `count` arrivals in count / rate seconds, so that no seed offers more load than another.
    """
    if not poisson:
        return np.arange(count) / rate
    return np.sort(stream(seed, TIMES).uniform(0, count / rate, count))


def _contents(load: Load) -> list[Planned]:
    rng = stream(load.seed, LENGTHS)
    inputs, outputs = load.input_len.draw(load.requests, rng), load.output_len.draw(load.requests, rng)
    if load.trace is not None:
        return [
            Planned(
                index=n,
                input_len=row.input_len,
                output_len=row.output_len,
                at_s=row.at_s / load.trace_speed,
                blocks=row.blocks,
            )
            for n, row in enumerate(read_trace(load.trace, load.requests))
        ]
    if load.conversations is not None:
        turns = read_conversations(load.conversations, load.tokenizer, load.requests)
        return [
            Planned(index=n, input_len=turn.tokens, output_len=turn.reply_tokens or int(outputs[n]), text=turn.text)
            for n, turn in enumerate(turns)
        ]
    return [Planned(index=n, input_len=int(inputs[n]), output_len=int(outputs[n])) for n in range(load.requests)]
