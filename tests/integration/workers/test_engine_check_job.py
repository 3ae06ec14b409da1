"""The engine checks of a job on a real Postgres: which need a server, and what is kept when none was asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from db.claims import Claim
from db.jobs import get_job
from db.session import transaction
from db.settings import settings
from evals.engine_checks.output import PROMPTS
from evals.engine_checks.settings import OFFLINE, ONE_BATCH
from evals.spec import EngineSpec, ModelSpec, Role, Scalar, Submission, Workload
from tests.integration.db.builders import claimed
from tests.integration.workers.parity_world import parity_run
from workers.engine_checks.commands import Candidate
from workers.engine_checks.job import EngineChecks
from workers.engine_checks.running import Ended
from workers.engines.base import EngineEnvironment
from workers.heartbeat import Heartbeat

pytestmark = pytest.mark.usefixtures("database")

DEMO = Path(__file__).resolve().parents[3] / "demo"
TEXTS = "".join(f"========== Prompt {number} ==========\n{text} there\n\n" for number, text in enumerate(PROMPTS))


def checks_of(benchmark: str, folder: str = "demo-llm", **options: Scalar) -> tuple[EngineChecks, Claim]:
    model = ModelSpec(path=str(DEMO / folder))
    workload = Workload(name="check", benchmark=benchmark, metric="engine-check", margin=0.0, options=options)
    submission = Submission(
        model=model,
        candidate=EngineSpec(kind="sglang"),
        baseline=EngineSpec(kind="hf"),
        suite="custom",
        workloads=(workload,),
    )
    _, jobs = parity_run(submission)
    held = claimed(jobs[Role.CANDIDATE].id)
    checks = EngineChecks(held, {}, settings(), Heartbeat(held.lease, lease_s=30, every_s=2))
    environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable))
    # The engine is not installed here; what a check would run in is only named.
    checks.__dict__["_candidate"] = Candidate(
        spec=submission.candidate, model=model, environment=environment, variables={}
    )
    return checks, held


def ran(checks: EngineChecks, tmp_path: Path, exit_status: int | None = 0) -> None:
    """Let one_batch have run, as it does before a launch."""
    ended = Ended(exit_status=exit_status, timed_out=False, output=TEXTS, seconds=1.0, log_path=tmp_path / "check.log")
    checks._runs["check"] = (["one_batch"], ended)


def facts(held: Claim) -> dict[str, object]:
    with transaction() as session:
        found: dict[str, object] = get_job(session, held.job.id).facts["workload:check"]
        return found


def test_one_batch_wants_a_server_to_compare_with_unless_it_did_not_run(tmp_path: Path) -> None:
    checks, _ = checks_of(ONE_BATCH)
    assert not checks.needs_server
    ran(checks, tmp_path, exit_status=1)
    assert not checks.needs_server
    ran(checks, tmp_path)
    assert checks.needs_server


def test_texts_that_no_server_was_asked_for_are_no_pass(tmp_path: Path) -> None:
    checks, held = checks_of(ONE_BATCH)
    ran(checks, tmp_path)
    checks.after_stop()
    kept = facts(held)
    assert (kept["outcome"], kept["n"]) == ("inconclusive", 0)
    assert kept["reasons"] == ["there is nothing to compare its texts with: the server was not asked"]
    assert checks.left == []


def test_a_server_that_refuses_the_prompts_is_named(tmp_path: Path) -> None:
    checks, held = checks_of(ONE_BATCH)
    ran(checks, tmp_path)
    checks._server["check"] = "the server refused the check's prompts: too long"
    checks.after_stop()
    assert facts(held)["outcome"] == "inconclusive"
    assert "too long" in str(facts(held)["reasons"])


def test_the_servers_own_texts_pass_and_of_a_vision_model_the_text_alone(tmp_path: Path) -> None:
    checks, held = checks_of(ONE_BATCH, "demo-vlm")
    ran(checks, tmp_path)
    checks._server["check"] = dict.fromkeys(PROMPTS, " there")
    checks.after_stop()
    assert facts(held)["outcome"] == "pass"
    assert "takes no pictures" in str(facts(held)["notes"])


@pytest.mark.parametrize(("folder", "shown"), [("demo-vlm", True), ("demo-llm", False)])
def test_pictures_are_shown_where_the_model_takes_them(folder: str, shown: bool) -> None:
    checks, _ = checks_of(OFFLINE, folder)
    (workload,) = checks.left
    requests = checks._requests(workload)
    assert any("image_data" in body for body in requests.values()) is shown
    assert any("image_data" not in body for body in requests.values())
    texts = replace(workload, options={"model_type": "text"})
    assert not any("image_data" in body for body in checks._requests(texts).values())


def test_a_check_with_pictures_of_a_model_that_takes_none_decides_nothing() -> None:
    checks, held = checks_of(OFFLINE, "demo-llm", model_type="vlm")
    checks._server["check"] = {"classic/france": " Paris"}
    checks.after_stop()
    assert facts(held)["outcome"] == "inconclusive"
    assert "no prompt with a picture" in str(facts(held)["reasons"])
