"""A server's life when things go wrong: a small script stands in for the engine, to fail on purpose."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from db.settings import Settings
from evals.errors import (
    CancelledError,
    EngineArgumentError,
    EngineDiedError,
    EngineUnreachableError,
    LeaseLostError,
    ModelNotFoundError,
    OutOfMemoryError,
    PortTakenError,
    StartTimeoutError,
)
from evals.spec import EngineSpec, ModelSpec
from workers import launch, server
from workers.engines.base import EngineEnvironment
from workers.server import log_path_of, running

from .families import STUBBORN, STUBBORN_SIZE, living, members, until

SERVE = """
import http.server, sys, threading, time
port, delay_s = int(sys.argv[1]), float(sys.argv[2])
ready_at = time.time() + delay_s
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.time() > ready_at else 503)
        self.end_headers()
    def do_POST(self):
        import os
        os._exit(5)
print("serving on", port)
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class Script:
    """An engine that is a Python script; it gets the port and `argument`."""

    code: str
    argument: str = "0"
    kind: str = "sglang"
    ready_path: str = "/health"
    capabilities: frozenset[str] = frozenset({"chat"})

    def command(self, spec: EngineSpec, model: ModelSpec, *, port: int, interpreter: Path) -> list[str]:
        return [str(interpreter), "-c", self.code, str(port), self.argument]

    def environment(self, spec: EngineSpec) -> dict[str, str]:
        return {}

    def import_check(self, device: str) -> str:
        return ""

    def help_command(self, interpreter: Path) -> list[str]:
        return []


class Bench:
    """Start scripts as engines in a home of their own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(home=home)
        self.folder = home
        self._monkeypatch = monkeypatch

    def running(self, code: str, argument: str = "0", *, start_timeout_s: float = 60, **options: Any) -> Any:
        engine = Script(code=code, argument=argument)
        self._monkeypatch.setattr(server, "local_engine", lambda kind: engine)
        settings = self.settings.model_copy(update={"start_timeout_s": start_timeout_s})
        environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable))
        return running(
            EngineSpec(kind="sglang"),
            options.pop("model", ModelSpec(path="org/name")),
            settings=settings,
            job_id="job",
            environment=options.pop("environment", environment),
            **options,
        )


@pytest.fixture
def bench(home: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(home, monkeypatch)


def status_of(base_url: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    try:
        connection.request(method, "/health")
        return connection.getresponse().status
    finally:
        connection.close()


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


def test_two_servers_live_side_by_side(bench: Bench) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(bench.running(SERVE, attempt=number)) for number in (1, 2))
        assert first.base_url != second.base_url
        assert status_of(first.base_url) == status_of(second.base_url) == 200
        os.kill(first.pid, signal.SIGKILL)
        assert until(lambda: first.has_died() is not None)
        assert second.has_died() is None
