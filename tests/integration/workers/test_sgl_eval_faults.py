"""sgl-eval against an engine that fails, hangs or breaks off: nothing false, and every answer kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.errors import CancelledError, EngineUnreachableError, RequestRefusedError
from tests.integration.workers.sgl_eval_scripts import ITEMS, Hanging, drivers
from tests.integration.workers.sgl_eval_world import Body, Heard, Reply, ScriptedEngine, completion, run_ours, workload
from workers.harnesses import launching


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
