"""Commands of engine checks as real processes, without an engine: how they end, and what is left of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from evals.engine_checks.settings import EngineCheckSettings
from evals.errors import CancelledError
from evals.outcome import Verdict
from evals.spec import EngineSpec, ModelSpec
from workers.engine_checks.checks import Checked, Place, check_unittest, judged_one_batch, run_one_batch
from workers.engine_checks.commands import Candidate
from workers.engine_checks.running import Ended, run_to_end
from workers.engines.base import EngineEnvironment

TEST = """
import os
import unittest

MODELS = ["Org/Good", "Org/Bad"]


class TestModels(unittest.TestCase):
    def test_others(self):
        for name in MODELS:
            if os.environ.get("ONLY_RUN", name) != name:
                continue
            self.assertNotEqual(name, "Org/Bad")
            self.assertNotIn("SECRET", os.environ)
"""


def candidate(tmp_path: Path, *, tree: Path | None = None, model: str = "Org/Good") -> Candidate:
    environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable), tree=tree)
    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path / "nothing")}
    spec = EngineSpec(kind="sglang")
    return Candidate(spec=spec, model=ModelSpec(path=model), environment=environment, variables=variables)


def place(tmp_path: Path, should_stop: Callable[[], bool] = lambda: False) -> Place:
    return Place(log_path=tmp_path / "job" / "check.log", should_stop=should_stop)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with a test in it."""
    folder = tmp_path / "checkout" / "test" / "registered" / "models"
    folder.mkdir(parents=True)
    (folder / "test_models.py").write_text(TEST)
    return tmp_path / "checkout"


METHOD = "test_models.TestModels.test_others"


def unittest_of(tmp_path: Path, tree: Path | None, model: str, test: str = METHOD) -> Checked:
    settings = EngineCheckSettings(test=test)
    return check_unittest(candidate(tmp_path, tree=tree, model=model), settings, place(tmp_path))


def test_a_unittest_of_the_checkout_is_run_for_one_model(tmp_path: Path, tree: Path) -> None:
    checked = unittest_of(tmp_path, tree, "Org/Good")
    assert checked.outcome.verdict is Verdict.PASS
    assert checked.ended is not None
    assert "Ran 1 test" in (tmp_path / "job" / "check.log").read_text()
    facts = checked.as_facts()
    assert facts["outcome"] == "pass"
    assert facts["log"] == str(tmp_path / "job" / "check.log")
    assert facts["seconds"] > 0


def test_a_failed_assertion_fails_the_check(tmp_path: Path, tree: Path) -> None:
    checked = unittest_of(tmp_path, tree, "Org/Bad")
    assert checked.outcome.verdict is Verdict.FAIL
    assert "AssertionError" in checked.as_facts()["excerpt"]


def test_a_model_that_the_test_does_not_list_decides_nothing(tmp_path: Path, tree: Path) -> None:
    assert unittest_of(tmp_path, tree, "/models/mine").outcome.verdict is Verdict.INCONCLUSIVE


def test_without_a_checkout_or_the_test_nothing_is_run(tmp_path: Path, tree: Path) -> None:
    for folder, test in ((None, "test_models"), (tree, "test_absent.TestX")):
        checked = unittest_of(tmp_path, folder, "Org/Good", test)
        assert checked.outcome.verdict is Verdict.INCONCLUSIVE
        assert checked.ended is None
    assert not (tmp_path / "job").exists()


def test_an_sglang_without_one_batch_decides_nothing(tmp_path: Path) -> None:
    package = tmp_path / "sglang"
    package.mkdir()
    known = candidate(tmp_path)
    environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable), package=package)
    without = Candidate(spec=known.spec, model=known.model, environment=environment, variables=known.variables)
    run = run_one_batch(without, EngineCheckSettings(), place(tmp_path))
    assert run is None
    assert judged_one_batch(run, without, "not asked").outcome.verdict is Verdict.INCONCLUSIVE


def test_an_older_sglang_has_one_batch_in_another_place(tmp_path: Path) -> None:
    package = tmp_path / "sglang"
    package.mkdir()
    (package / "bench_one_batch.py").write_text("")
    known = candidate(tmp_path)
    environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable), package=package)
    older = Candidate(spec=known.spec, model=known.model, environment=environment, variables=known.variables)
    run = run_one_batch(older, EngineCheckSettings(), place(tmp_path))
    assert run is not None
    assert run[0][1:3] == ["-m", "sglang.bench_one_batch"]
    assert run[0][-1] == "--correct"
    judged = judged_one_batch(run, older, "not asked")  # there is no sglang in this interpreter
    assert judged.outcome.verdict is Verdict.INCONCLUSIVE


SLEEPER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(77)"])
time.sleep(77)
"""


def sleepers(tmp_path: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(tmp_path / "job")]


def sleep(tmp_path: Path, *, timeout_s: float, should_stop: Callable[[], bool]) -> Ended:
    return run_to_end(
        [sys.executable, "-c", SLEEPER],
        environment={"PATH": "/usr/bin:/bin"},
        log_path=tmp_path / "job" / "check.log",
        timeout_s=timeout_s,
        should_stop=should_stop,
    )


def test_a_command_is_ended_after_its_time_with_all_its_processes(tmp_path: Path) -> None:
    ended = sleep(tmp_path, timeout_s=1.0, should_stop=lambda: False)
    assert ended.timed_out
    assert 1.0 <= ended.seconds < 5.0
    assert ended.exit_status is None
    assert sleepers(tmp_path) == []


def test_what_should_stop_raises_passes_through_and_leaves_no_process(tmp_path: Path) -> None:
    started = time.monotonic()

    def cancelled() -> bool:
        if time.monotonic() - started > 0.5:
            assert sleepers(tmp_path)
            raise CancelledError("the run was cancelled", remedy="submit it again")
        return False

    with pytest.raises(CancelledError):
        sleep(tmp_path, timeout_s=60, should_stop=cancelled)
    assert sleepers(tmp_path) == []
