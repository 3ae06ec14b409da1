"""Fixtures of the tests with real engines: servers that are started once per session and always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
INSIDE = ROOT / "workers" / "engines" / "inside"
DEMO_LLM = ROOT / "demo" / "demo-llm"
DEMO_VLM = ROOT / "demo" / "demo-vlm"
START_LIMIT_S = 240.0


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A server that answers, and a client for it."""

    url: str
    client: httpx.Client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path, port: int) -> Iterator[RunningServer]:
    """Start a server, wait until it is healthy, and end its whole process group in the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=output, stderr=output, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
            wait_until_healthy(client, process, log)
            yield RunningServer(url=url, client=client)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_healthy(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"the server was not healthy after {START_LIMIT_S} s:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def hf_python() -> str:
    """The interpreter of an environment with transformers."""
    return interpreter("PLUMBLINE_TEST_HF_PYTHON", "hf")


@pytest.fixture(scope="session")
def sglang_python() -> str:
    """The interpreter of an environment with SGLang for the CPU."""
    return interpreter("PLUMBLINE_TEST_SGLANG_PYTHON", "sglang")


def interpreter(variable: str, engine: str) -> str:
    """Find an engine's Python: the one a variable names, or that of the installed engines."""
    home = Path(os.environ.get("PLUMBLINE_HOME", ROOT / ".plumbline"))
    path = Path(os.environ.get(variable) or home / "engines" / f"{engine}-cpu" / "bin" / "python")
    if not path.exists():
        pytest.skip(f"{path} is not there: run `make engines`, or name an environment's Python in {variable}")
    return str(path)


Start = Callable[..., AbstractContextManager[RunningServer]]


@pytest.fixture(scope="session")
def hf_command(hf_python: str) -> Callable[..., list[str]]:
    """Build the command line of our transformers server."""

    def build(model: Path, port: int, *arguments: str, code: str | None = None) -> list[str]:
        fixed = ["--model-path", str(model), "--port", str(port), "--device", "cpu", "--dtype", "float32"]
        start = ["-m", "hf_server"] if code is None else ["-c", code]
        return [hf_python, *start, *fixed, *arguments]

    return build


@pytest.fixture(scope="session")
def start_hf(hf_command: Callable[..., list[str]], tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start our transformers server with a model and further arguments."""

    def start(model: Path, *arguments: str, code: str | None = None) -> AbstractContextManager[RunningServer]:
        port = free_port()
        log = tmp_path_factory.mktemp("hf") / "server.log"
        environment = {"PYTHONPATH": str(INSIDE), "HF_HUB_OFFLINE": "1"}
        return running(hf_command(model, port, *arguments, code=code), environment, log, port)

    return start


@pytest.fixture(scope="session")
def start_sglang(sglang_python: str, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start SGLang on the CPU with a model."""

    def start(model: Path) -> AbstractContextManager[RunningServer]:
        port = free_port()
        log = tmp_path_factory.mktemp("sglang") / "server.log"
        fixed = ["--model-path", str(model), "--host", "127.0.0.1", "--port", str(port)]
        cpu = ["--device", "cpu", "--dtype", "float32", "--max-total-tokens", "16384", "--sleep-on-idle"]
        environment = {"PYTHONPATH": str(INSIDE / "sglang_cpu"), "SGLANG_USE_CPU_ENGINE": "1", "HF_HUB_OFFLINE": "1"}
        return running([sglang_python, "-m", "sglang.launch_server", *fixed, *cpu], environment, log, port)

    return start


@pytest.fixture(scope="session")
def hf(start_hf: Start) -> Iterator[RunningServer]:
    """Our transformers server with the small language model."""
    with start_hf(DEMO_LLM) as server:
        yield server


@pytest.fixture(scope="session")
def sglang(start_sglang: Start) -> Iterator[RunningServer]:
    """SGLang with the same model."""
    with start_sglang(DEMO_LLM) as server:
        yield server


@pytest.fixture(scope="session")
def demo_llm() -> Path:
    """The folder of the small language model."""
    return DEMO_LLM


@pytest.fixture(scope="session")
def demo_vlm() -> Path:
    """The folder of the small model that takes images."""
    return DEMO_VLM


@pytest.fixture(scope="session")
def inside() -> Path:
    """The folder with what runs in the engines' own environments."""
    return INSIDE


@pytest.fixture(scope="session")
def demo_data() -> Path:
    """The folder with the demo models' evaluation data."""
    return ROOT / "demo" / "data"
