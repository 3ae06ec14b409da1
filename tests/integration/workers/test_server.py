"""A server's life when things go wrong: a small script stands in for the engine, to fail on purpose."""

from __future__ import annotations

import http.client
import os
import signal
from contextlib import ExitStack

import pytest

from evals.errors import EngineDiedError, EngineUnreachableError
from tests.integration.workers.server_world import SERVE, Bench, status_of
from workers.server import log_path_of

from .families import living, until


def break_connection(base_url: str) -> None:
    """Make the script end itself in the midst of an answer, and report it as a client does."""
    try:
        status_of(base_url, "POST")
    except (OSError, http.client.HTTPException) as error:
        raise EngineUnreachableError("The connection broke.", remedy="") from error


def test_a_ready_server_answers_and_is_gone_afterwards(bench: Bench) -> None:
    with bench.running(SERVE, "1.5") as found:
        assert status_of(found.base_url) == 200
        assert found.launch_s >= 1.5
        assert found.has_died() is None
        assert found.log_path == log_path_of(bench.settings, "job", 1)
        pid = found.pid
        assert living([pid]) == [pid]
    assert living([pid]) == []
    assert "serving on" in found.log_path.read_text()


def test_an_error_in_the_block_ends_the_server_and_passes(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError), bench.running(SERVE) as found:
        raise ZeroDivisionError
    assert living([found.pid]) == []


def test_a_broken_connection_becomes_the_reason_of_the_death(bench: Bench) -> None:
    with pytest.raises(EngineDiedError, match="exit status 5") as caught, bench.running(SERVE) as found:
        break_connection(found.base_url)
    assert isinstance(caught.value.__cause__, EngineUnreachableError)


def test_a_broken_connection_to_a_living_server_stays_what_it_is(bench: Bench) -> None:
    with pytest.raises(EngineUnreachableError), bench.running(SERVE):
        raise EngineUnreachableError("The connection broke.", remedy="")


def test_a_server_killed_from_outside_says_so_while_the_block_runs(bench: Bench) -> None:
    with bench.running(SERVE) as found:
        os.kill(found.pid, signal.SIGSEGV)
        assert until(lambda: found.has_died() is not None)
        assert "SIGSEGV" in str(found.has_died())


def test_two_servers_live_side_by_side(bench: Bench) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(bench.running(SERVE, attempt=number)) for number in (1, 2))
        assert first.base_url != second.base_url
        assert status_of(first.base_url) == status_of(second.base_url) == 200
        os.kill(first.pid, signal.SIGKILL)
        assert until(lambda: first.has_died() is not None)
        assert second.has_died() is None
