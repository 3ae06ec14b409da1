"""From the bytes of a try to the record of a request."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from evals.serving.counting import Counted, counted
from evals.serving.events import events
from evals.serving.exact import Framing
from evals.serving.load import Endpoint
from evals.serving.record import Record
from evals.serving.streams import Ending
from evals.serving.tries import Try

_EXCERPT = 300


def record_of(one: Try, endpoint: Endpoint) -> Record:
    """Return a try's record; what a broken answer brought before it broke is in it."""
    framing = Framing()
    pieces = [(at_ns, piece) for at_ns, read in zip(one.stamps, one.reads, strict=True) for piece in framing.feed(read)]
    found = counted(endpoint, list(events(pieces))) if framing.status == 200 else Counted()
    ask = one.ask
    return Record(
        index=ask.index,
        due_ns=ask.due_ns,
        first_sent_ns=ask.first_sent_ns,
        sent_ns=one.sent_ns,
        first_byte_ns=one.stamps[0] if one.stamps else None,
        ended_ns=one.ended_ns,
        at_ns=np.array(found.at_ns, dtype=np.int64),
        tokens=np.array(found.tokens, dtype=np.int64),
        basis=found.basis,
        status=framing.status,
        fault=_fault(one, framing, pieces, found),
        finish_reason=found.finish_reason,
        planned_input=ask.input_len,
        asked_tokens=ask.output_len,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cached_tokens=found.cached_tokens,
        tries=ask.tries,
        refusals=list(ask.refusals),
    )


def _fault(one: Try, framing: Framing, pieces: Iterable[tuple[int, bytes]], found: Counted) -> str | None:
    """Say why there is no whole answer."""
    if one.ending is None:
        return one.fault
    if one.ending is not Ending.WHOLE:
        return str(one.ending)
    if framing.status != 200:
        said = b"".join(piece for _, piece in pieces)[:_EXCERPT].decode("utf-8", "replace")
        return f"http {framing.status}: {said}"
    return found.fault
