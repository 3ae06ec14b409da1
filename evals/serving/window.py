"""Which stretch of a pass shows the server under its load, apart from filling up and running dry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.serving.passes import Pass

_FEWEST = 10


@dataclass(frozen=True, kw_only=True)
class Window:
    """Hold a stretch of a pass, in ns of the common clock, and the rule that chose it."""

    begin_ns: int
    end_ns: int
    rule: str

    @property
    def length_s(self) -> float:
        """Return how long it is."""
        return (self.end_ns - self.begin_ns) / 1e9


def whole_window(done: Pass) -> Window:
    """Return the stretch from the start to the last end."""
    end_ns = max(record.ended_ns for record in done.records)
    return Window(begin_ns=done.start_ns, end_ns=max(end_ns, done.start_ns + 1), rule="from the start to the last end")


def steady_window(done: Pass) -> Window | None:
    """Return the stretch between ramp-up and drain; None when fewer than ten requests were sent in it.

    Closed loop: from the moment when as many requests have ended as may be in flight, so that every place has been
    taken anew about once, to the sending of the last. Open loop: from one median service time after the first
    scheduled time to the last scheduled time.
    """
    sent = sorted(record.first_sent_ns for record in done.records if record.first_sent_ns is not None)
    if not sent:
        return None
    window = _closed(done, sent[-1]) if done.load.is_closed else _open(done)
    if window is None or window.length_s <= 0:
        return None
    inside = np.searchsorted(sent, window.end_ns, side="right") - np.searchsorted(sent, window.begin_ns)
    return window if inside >= _FEWEST else None


def _closed(done: Pass, last_sent_ns: int) -> Window | None:
    places = done.load.concurrency or 1
    ends = sorted(record.ended_ns for record in done.records)
    if len(ends) <= places:
        return None
    rule = "from the end of as many requests as may be in flight to the sending of the last"
    return Window(begin_ns=ends[places - 1], end_ns=last_sent_ns, rule=rule)


def _open(done: Pass) -> Window | None:
    dues = [record.due_ns for record in done.records if record.due_ns is not None]
    services = [record.ended_ns - record.sent_ns for record in done.records if record.fault is None and record.sent_ns]
    if not dues or not services:
        return None
    rule = "from a median service time after the first scheduled time to the last scheduled time"
    return Window(begin_ns=min(dues) + int(np.median(services)), end_ns=max(dues), rule=rule)
