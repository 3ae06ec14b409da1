"""sgl-eval when its driver or its worker dies, and what it may see: nothing left, no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from db.settings import Settings
from evals.errors import CancelledError, RequestRefusedError
from evals.sgl_eval.errors import HarnessFailedError, HarnessNotInstalledError
from tests.integration.workers.sgl_eval_scripts import ITEMS, Hanging, drivers
from tests.integration.workers.sgl_eval_world import HOME, ROOT, ScriptedEngine, installed_settings, run_ours, workload
from workers.harnesses import launching
from workers.harnesses.sgl_eval import require_sgl_eval

from .families import living, until

KEY = "a-key-of-no-known-form-42"


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
