"""Reading the null server's log."""

from __future__ import annotations

import pytest

from benchmarks.flight import ClientFailedError, read_flight

HEADER = "idx\trid\tpath\tt_byte\tt_done\n"
S = 1_000_000_000


def test_the_times_around_and_between_requests_are_told_apart() -> None:
    log = HEADER + "".join(f"{n}\t-\t/x\t{(20 + n) * S}\t{(21 + 2 * n) * S}\n" for n in range(4))
    flight = read_flight(log, 15 * S, 30 * S, 2.0, "said")
    assert (flight.wall_s, flight.to_first_s, flight.flying_s, flight.after_last_s) == (15, 5, 7, 3)
    assert flight.to_first_s + flight.flying_s + flight.after_last_s == flight.wall_s
    assert (flight.requests, flight.requests_per_s, flight.cpu_ms) == (4, 4 / 7, 500)


def test_a_client_that_asked_nothing_has_not_flown() -> None:
    with pytest.raises(ClientFailedError, match="no request came:\nI could not start"):
        read_flight(HEADER, 0, S, 0.1, "I could not start")
