"""sgl-eval against an engine that fails, hangs or spies, and workers that die: nothing false, nothing left, no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from db.settings import Settings
from evals.errors import CancelledError, EngineUnreachableError, RequestRefusedError
from evals.sgl_eval.errors import HarnessFailedError, HarnessNotInstalledError
from tests.integration.workers.sgl_eval_world import (
    HOME,
    ROOT,
    Body,
    Heard,
    Reply,
    ScriptedEngine,
    completion,
    installed_settings,
    run_ours,
    workload,
)
from workers.harnesses import launching
from workers.harnesses.sgl_eval import require_sgl_eval

from .families import living, until

ITEMS = [{"question": f"What is {n} + {n}?", "answer": f"#### {2 * n}"} for n in range(4)]
KEY = "a-key-of-no-known-form-42"


def drivers(folder: Path) -> list[psutil.Process]:
    """The processes that belong to a run in this folder."""
    running = [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
    ours = [p for p in running if str(folder) in " ".join(p.info["cmdline"] or [])]
    return [process for process in ours if process.pid != os.getpid()]


class Hanging:
    """A script that answers no one until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, body: Body) -> Reply:
        self.asked.set()
        self.let_go.wait(60)
        return completion("late")


def cancelled_when(condition: Callable[[], bool]) -> Callable[[], None]:
    def check() -> None:
        if condition():
            raise CancelledError("cancelled by the test", remedy="none")

    return check


def test_a_server_error_that_stays_is_no_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "TRIES", 1)
    with ScriptedEngine(lambda body: (500, {"error": {"message": "out of luck"}})) as engine:
        heard = Heard()
        with pytest.raises(EngineUnreachableError, match="out of luck"):
            run_ours(workload("gsm8k"), ITEMS, engine.url, heard=heard)
    assert heard.answers == {}


def test_a_server_error_that_passes_is_counted_as_an_attempt() -> None:
    failed: set[str] = set()

    def fail_once(body: Body) -> Reply:
        prompt = json.dumps(body)
        if prompt in failed:
            return completion("\\boxed{0}")
        failed.add(prompt)
        return 503, {"error": {"message": "not yet"}}

    with ScriptedEngine(fail_once) as engine:
        heard = Heard()
        result = run_ours(workload("gsm8k"), ITEMS, engine.url, heard=heard)
    assert [score.value for score in result.scores] == [1.0, 0.0, 0.0, 0.0]
    assert {response.attempts for response in heard.responses.values()} == {2}


@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_ends_the_run_at_once(status: int) -> None:
    with ScriptedEngine(lambda body: (status, {"error": {"message": "context too long"}})) as engine:
        heard = Heard()
        with pytest.raises(RequestRefusedError, match="context too long") as caught:
            run_ours(workload("gsm8k", concurrency=1), ITEMS, engine.url, heard=heard)
        assert len(engine.bodies) == 1
    assert caught.value.details["status"] == status
    assert heard.answers == {}


def test_an_answer_that_the_engine_broke_off_is_no_answer() -> None:
    engine = ScriptedEngine(lambda body: completion("half", finish_reason="abort"))
    with engine, pytest.raises(EngineUnreachableError, match="abort"):
        run_ours(workload("gsm8k"), ITEMS, engine.url)


def test_an_answer_that_is_no_text_is_no_answer() -> None:
    engine = ScriptedEngine(lambda body: completion({"not": "a text"}))
    with engine, pytest.raises(EngineUnreachableError, match="no text"):
        run_ours(workload("gsm8k"), ITEMS, engine.url)


def test_a_check_that_raises_ends_a_hanging_run_and_leaves_no_process(tmp_path: Path) -> None:
    hanging, log = Hanging(), tmp_path / "run.log"
    with ScriptedEngine(hanging) as engine:
        with pytest.raises(CancelledError):
            run_ours(workload("gsm8k"), ITEMS, engine.url, check=cancelled_when(hanging.asked.is_set), log_path=log)
        assert drivers(tmp_path) == []
        assert list(tmp_path.iterdir()) == [log]
        hanging.let_go.set()


def test_answers_arrive_while_others_are_still_being_asked() -> None:
    let_go = threading.Event()
    let_go_in_time: list[bool] = []

    def script(body: Body) -> Reply:
        if "3 + 3" in body["messages"][0]["content"]:
            let_go_in_time.append(let_go.wait(20))
        return completion("\\boxed{0}")

    heard = Heard()

    def check() -> None:
        if len(heard.answers) == 3:
            let_go.set()

    with ScriptedEngine(script) as engine:
        result = run_ours(workload("gsm8k"), ITEMS, engine.url, heard=heard, check=check)
    assert len(result.scores) == 4
    assert let_go_in_time == [True]
    assert [key.doc_id for key in heard.answers][-1] == 3


def test_a_driver_that_is_killed_is_reported(tmp_path: Path) -> None:
    hanging, log = Hanging(), tmp_path / "run.log"

    def kill() -> None:
        if hanging.asked.is_set():
            for process in drivers(tmp_path):
                if "sgl_eval_driver" in process.cmdline() and "keeper.py" not in " ".join(process.cmdline()):
                    process.kill()

    with ScriptedEngine(hanging) as engine:
        with pytest.raises(HarnessFailedError, match="SIGKILL before all answers"):
            run_ours(workload("gsm8k"), ITEMS, engine.url, check=kill, log_path=log)
        hanging.let_go.set()
    assert drivers(tmp_path) == []


WORKER = """
import json, sys
from pathlib import Path
from tests.integration.workers.test_sgl_eval_faults import ITEMS
from tests.integration.workers.sgl_eval_world import run_ours, workload
run_ours(workload("gsm8k"), ITEMS, sys.argv[1], log_path=Path(sys.argv[2]))
"""


def test_killing_the_worker_leaves_no_process_behind(tmp_path: Path) -> None:
    installed_settings()
    hanging, log = Hanging(), tmp_path / "run.log"
    with ScriptedEngine(hanging) as engine:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PLUMBLINE_HOME": str(HOME)}
        worker = subprocess.Popen([sys.executable, "-c", WORKER, engine.url, str(log)], env=environment)
        try:
            assert hanging.asked.wait(60)
            started = [process.pid for process in drivers(tmp_path) if process.pid != worker.pid]
            assert len(started) == 3  # the driver and its two keepers
        finally:
            worker.kill()
            worker.wait()
        assert until(lambda: living(started) == [])
        hanging.let_go.set()


def test_the_driver_sees_no_secret_and_shows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "HF_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL", "PLUMBLINE_TOKEN"):
        monkeypatch.setenv(name, "http://secret.invalid")
    hanging, log = Hanging(), tmp_path / "run.log"
    seen: list[tuple[list[str], dict[str, str]]] = []

    def look() -> None:
        if hanging.asked.is_set():
            seen.extend((process.cmdline(), process.environ()) for process in drivers(tmp_path))
            raise CancelledError("seen enough", remedy="none")

    with ScriptedEngine(hanging) as engine:
        with pytest.raises(CancelledError):
            run_ours(workload("gsm8k"), ITEMS, engine.url, check=look, log_path=log, api_key=KEY)
        hanging.let_go.set()
        assert engine.keys == {f"Bearer {KEY}"}
    assert len(seen) == 3
    for command, variables in seen:
        assert KEY not in " ".join(command)
        assert "secret.invalid" not in " ".join(variables.values())
        assert "OPENAI_API_KEY" not in variables
        assert [name for name, value in variables.items() if value == KEY] == [launching.KEY]


def test_a_key_that_the_engine_repeats_is_hidden(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    engine = ScriptedEngine(lambda body: (401, {"error": {"message": f"no such key: {KEY}"}}))
    with engine, pytest.raises(RequestRefusedError, match="no such key") as caught:
        run_ours(workload("gsm8k"), ITEMS, engine.url, log_path=log, api_key=KEY)
    assert KEY not in json.dumps(caught.value.as_dict())
    assert log.exists()
    assert KEY not in log.read_text()


def test_a_missing_environment_is_named_with_the_command_that_builds_it(tmp_path: Path) -> None:
    with pytest.raises(HarnessNotInstalledError, match="is not there") as caught:
        require_sgl_eval(Settings(home=tmp_path))
    assert "plumbline harnesses install sgl-eval" in caught.value.remedy
    (tmp_path / "harnesses" / "sgl-eval" / "bin").mkdir(parents=True)
    with pytest.raises(HarnessNotInstalledError, match="is incomplete"):
        require_sgl_eval(Settings(home=tmp_path))
