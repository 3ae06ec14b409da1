"""`plumbline rescore` against a double of the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import Result

from tests.unit.cli.commands_world import REPORT, plumbline
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, problem, run

RESCORED = {
    **REPORT,
    "verdict": "fail",
    "headline": "rescored with answer-line@1: gsm8k fell",
    "scorer": "answer-line@1",
}
WHERE = f"/api/v1/submissions/{RUN_ID}/report?scorer=answer-line%401&after=1"


@pytest.fixture
def service(service: ServiceDouble, monkeypatch: pytest.MonkeyPatch) -> ServiceDouble:
    monkeypatch.setattr("cli.rescoring.time.sleep", lambda seconds: None)
    service.on("GET", f"/{RUN_ID}", run("finished", "pass"))
    service.on("POST", f"/{RUN_ID}/rescore", {"report": WHERE, "after": 1})
    return service


def rescore(*arguments: str) -> Result:
    return plumbline("rescore", RUN_ID, "--scorer", "answer-line@1", *arguments)


def after(tries: int, answer: Any) -> Callable[[httpx.Request], Any]:
    """Return a report only after some tries, and hold that exactly the named one is asked for."""
    left = [tries]

    def reply(request: httpx.Request) -> Any:
        assert str(request.url).endswith(WHERE)
        left[0] -= 1
        return answer if left[0] < 0 else problem(404, "no_report_yet", "not yet", "wait")

    return reply


def test_the_new_report_is_waited_for_and_printed_with_its_scorer(service: ServiceDouble) -> None:
    service.on("GET", f"/{RUN_ID}/report", after(3, RESCORED))
    done = rescore()
    assert done.exit_code == 0, done.output
    assert "rescored with answer-line@1: gsm8k fell" in done.output
    (posted,) = [request for request in service.asked if request.method == "POST"]
    assert json.loads(posted.content) == {"scorer": "answer-line@1"}
    assert sum(request.url.path.endswith("/report") for request in service.asked) == 4


def test_programs_get_the_report_as_it_is(service: ServiceDouble) -> None:
    service.on("GET", f"/{RUN_ID}/report", after(0, RESCORED))
    assert json.loads(rescore("--json").output) == RESCORED


def test_another_refusal_than_not_yet_ends_the_waiting(service: ServiceDouble) -> None:
    service.on("GET", f"/{RUN_ID}/report", problem(404, "run_not_found", "there is no such run", "look"))
    done = rescore()
    assert done.exit_code == 2
    assert "there is no such run" in done.output


def test_a_run_that_has_not_ended_is_refused_with_the_remedy(service: ServiceDouble) -> None:
    service.on(
        "POST", f"/{RUN_ID}/rescore", problem(409, "not_finished", "the run has not ended", "wait for its report")
    )
    done = rescore()
    assert (done.exit_code, "wait for its report" in done.output) == (2, True)


def test_a_report_that_never_comes_is_given_up(service: ServiceDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 300))
    monkeypatch.setattr("cli.rescoring.time.monotonic", lambda: float(next(clock)))
    service.on("GET", f"/{RUN_ID}/report", problem(404, "no_report_yet", "not yet", "wait"))
    done = rescore()
    assert (done.exit_code, "not yet" in done.output) == (2, True)
