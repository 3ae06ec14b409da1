"""A server's start when things go wrong: a small script stands in for the engine, to fail on purpose."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from evals.errors import (
    CancelledError,
    EngineArgumentError,
    LeaseLostError,
    ModelNotFoundError,
    OutOfMemoryError,
    PortTakenError,
    StartTimeoutError,
)
from evals.spec import ModelSpec
from tests.integration.workers.server_world import SERVE, Bench, status_of
from workers import launch
from workers.server import log_path_of

from .families import STUBBORN, STUBBORN_SIZE, living, members


def test_an_engine_that_dies_at_its_start_names_its_reason(bench: Bench) -> None:
    code = "import sys; print('x: error: unrecognized arguments: --foo', file=sys.stderr); sys.exit(2)"
    with pytest.raises(EngineArgumentError, match="--foo") as caught, bench.running(code):
        pass
    assert caught.value.details["exit_status"] == 2


def test_an_engine_killed_at_its_start_ran_out_of_memory_if_the_kernel_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter((3, 4))
    monkeypatch.setattr(launch, "count_oom_kills", lambda: next(counts))
    with pytest.raises(OutOfMemoryError), bench.running("import os; os.kill(os.getpid(), 9)"):
        pass


def test_an_engine_that_is_never_ready_times_out_and_is_gone(bench: Bench) -> None:
    code = f"import sys; sys.argv[1] = {str(bench.folder)!r}; print('loading')\n" + STUBBORN
    with pytest.raises(StartTimeoutError, match="not ready 2 s") as caught, bench.running(code, start_timeout_s=2):
        pass
    assert caught.value.details["lines"] == ["loading"]
    assert len(members(bench.folder)) == STUBBORN_SIZE
    assert living(members(bench.folder)) == []


def test_cancelling_ends_a_start(bench: Bench) -> None:
    asked = iter((False, False, True))
    with pytest.raises(CancelledError), bench.running(SERVE, "600", should_stop=lambda: next(asked)):
        pass


def test_what_the_stop_question_raises_passes_through(bench: Bench) -> None:
    def lost() -> bool:
        raise LeaseLostError("Another worker owns the job.", remedy="")

    with pytest.raises(LeaseLostError), bench.running(SERVE, "600", should_stop=lost):
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port of a server that is not ours and answers everything with 200."""

    class Friendly(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Friendly) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found.server_port
        found.shutdown()


def test_a_stranger_on_the_port_is_not_taken_for_the_engine(
    bench: Bench, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "free_port", lambda: stranger)
    with pytest.raises(PortTakenError, match=str(stranger)), bench.running("import time; time.sleep(600)"):
        pass


def test_a_taken_port_is_replaced_by_another(bench: Bench, stranger: int, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = launch.free_port
    ports = iter((stranger, stranger, choose()))
    monkeypatch.setattr(launch, "free_port", lambda: next(ports))
    with bench.running(SERVE) as found:
        assert str(stranger) not in found.base_url
        assert status_of(found.base_url) == 200


def test_an_engine_that_cannot_bind_and_hangs_is_not_waited_for(bench: Bench) -> None:
    code = "import time; print('[Errno 98] error: address already in use', flush=True); time.sleep(600)"
    with pytest.raises(PortTakenError), bench.running(code):
        pass


def test_a_missing_model_is_found_before_anything_starts(bench: Bench) -> None:
    with pytest.raises(ModelNotFoundError), bench.running(SERVE, model=ModelSpec(path="/nowhere/model")):
        pass
    assert not log_path_of(bench.settings, "job", 1).exists()
