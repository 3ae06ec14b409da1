"""Real engines from their start to their end, and what they say when they cannot start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from db.settings import Settings
from evals.errors import ArchitectureError, EngineArgumentError, PortTakenError
from evals.spec import EngineSpec, ModelSpec
from workers import launch
from workers.engines.environments import environment_for
from workers.server import Server, running

pytestmark = pytest.mark.engines

REPOSITORY = Path(__file__).parents[2]
MODEL = ModelSpec(path=str(REPOSITORY / "demo" / "demo-llm"))
ENGINES = ("sglang", "hf")

WORKER = """
import sys, time
from pathlib import Path
from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec
from workers.engines.environments import environment_for
from workers.server import running
spec, home = EngineSpec(kind=sys.argv[1]), Path(sys.argv[3])
with running(spec, ModelSpec(path=sys.argv[2]), settings=Settings(home=home), job_id="job",
             environment=environment_for(spec, Settings())) as server:
    print(server.base_url, flush=True)
    time.sleep(600)
"""


@contextmanager
def serving(home: Path, kind: str, model: ModelSpec = MODEL, **fields: Any) -> Iterator[Server]:
    """Run an installed engine, its logs in a home of the test's own."""
    spec = EngineSpec(kind=kind, **fields)
    roots = fields.get("external_package") and str(Path(fields["external_package"]).parent)
    settings = Settings(home=home, external_code_roots=roots or "")
    environment = environment_for(spec, Settings())
    with running(spec, model, settings=settings, job_id="job", environment=environment) as server:
        yield server


def complete(server: Server, prompt: str = "Tom has 3") -> str:
    body = {"model": server.served_model, "prompt": prompt, "max_tokens": 8, "temperature": 0}
    request = urllib.request.Request(
        f"{server.base_url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["choices"][0]["text"])


def users_of(log: Path) -> list[psutil.Process]:
    """Return the processes that have this log open: all of an engine's write into it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(log) in _open_files(process.pid):
                found.append(process)
        except OSError:
            continue
    return found


def _open_files(pid: int) -> set[str]:
    return {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}


def wait_until_nobody_uses(log: Path, timeout_s: float = 15) -> list[psutil.Process]:
    deadline = time.monotonic() + timeout_s
    while (left := users_of(log)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


@pytest.mark.parametrize("kind", ENGINES)
def test_an_engine_serves_and_leaves_no_process(kind: str, tmp_path: Path) -> None:
    with serving(tmp_path, kind) as server:
        assert complete(server)
        assert server.versions["torch"]
        assert server.log_path is not None
        assert users_of(server.log_path)
    assert users_of(server.log_path) == []


@pytest.mark.slow
def test_both_engines_give_the_same_greedy_answer(tmp_path: Path) -> None:
    answers = []
    for kind in ENGINES:
        with serving(tmp_path, kind) as server:
            answers.append(complete(server, "Mia has 4 apples and buys 5 more."))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("moment", ["launching", "serving"])
def test_a_killed_worker_leaves_no_engine_behind(kind: str, moment: str, tmp_path: Path) -> None:
    log = tmp_path / "jobs" / "job" / "attempt-1.log"
    arguments = [sys.executable, "-c", WORKER, kind, MODEL.path, str(tmp_path)]
    with subprocess.Popen(arguments, cwd=REPOSITORY, stdout=subprocess.PIPE) as worker:
        try:
            if moment == "serving":
                assert worker.stdout is not None
                assert worker.stdout.readline().startswith(b"http://127.0.0.1:")
            else:
                _wait_for_processes(log, 3 if kind == "sglang" else 1)
            assert users_of(log)
        finally:
            worker.send_signal(signal.SIGKILL)
    assert wait_until_nobody_uses(log) == []


def _wait_for_processes(log: Path, count: int) -> None:
    """Wait until so many of the engine's processes have come up, before any of them is ready."""
    deadline = time.monotonic() + 120
    while not log.exists() or len(users_of(log)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ENGINES)
def test_a_typing_error_is_answered_with_the_argument_that_was_meant(kind: str, tmp_path: Path) -> None:
    wrong, right = {"sglang": ("max-total-token", "max-total-tokens"), "hf": ("max-batchsize", "max-batch-size")}[kind]
    with pytest.raises(EngineArgumentError, match=f"--{wrong}") as caught, serving(tmp_path, kind, args={wrong: 4096}):
        pass
    assert f"--{right}?" in caught.value.remedy


def test_a_wrong_value_is_named_as_the_engine_names_it(tmp_path: Path) -> None:
    args = {"schedule-policy": "lifo"}
    with pytest.raises(EngineArgumentError, match="invalid choice") as caught, serving(tmp_path, "sglang", args=args):
        pass
    assert caught.value.details["argument"] == "schedule-policy"


@pytest.mark.parametrize("kind", ENGINES)
def test_an_unknown_architecture_is_named(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL.path, folder)
    config = json.loads((folder / "config.json").read_text())
    changed = {"architectures": ["NoSuchForCausalLM"], "model_type": "no-such-type"}
    (folder / "config.json").write_text(json.dumps(config | changed))
    with pytest.raises(ArchitectureError), serving(tmp_path, kind, ModelSpec(path=str(folder))):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("kind", ENGINES)
def test_a_port_taken_meanwhile_does_not_hang_the_start(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PORT_TRIES", 1)
    stranger = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        stranger, cwd=tmp_path, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline().split()[5])
        monkeypatch.setattr(launch, "free_port", lambda: port)
        try:
            with pytest.raises(PortTakenError), serving(tmp_path, kind):
                pass
        finally:
            other.kill()


@pytest.mark.slow
def test_sglang_loads_a_package_of_the_submission(tmp_path: Path) -> None:
    package = tmp_path / "code" / "wrapper"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model.py").write_text(
        "from sglang.srt.models.llama import LlamaForCausalLM\n"
        "class WrappedLlama(LlamaForCausalLM):\n"
        "    pass\n"
        "print('the wrapper was loaded')\n"
        "EntryClass = WrappedLlama\n"
    )
    fields = {"external_package": str(package), "architectures": ("WrappedLlama",)}
    with serving(tmp_path, "sglang", **fields) as server:
        assert complete(server)
    assert server.log_path is not None
    assert "the wrapper was loaded" in server.log_path.read_text()
