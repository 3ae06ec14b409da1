"""The load generators that ours is measured beside, and the words that make them ask the same."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving_truth import TOKENS
from db.settings import settings
from evals.accuracy.datasets import DEMO_DATA
from workers.engines.environments import interpreter

OURS, RUST, PYTHON = "plumbline", "sglang rust", "sglang python"
TOKENIZER = DEMO_DATA.parent / "demo-llm"
INPUT_TOKENS = 32
_SHIM = Path(__file__).resolve().parents[1] / "workers" / "engines" / "inside" / "sglang_cpu"
_RUN = "import runpy, sys; sys.path.append({!r}); runpy.run_module('{}', run_name='__main__', alter_sys=True)"

Words = list[str | Path]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Hold how a client is started; `{port}` in its words becomes the server's port, `{file}` where it writes."""

    words: Words
    env: dict[str, str]


def ours(requests: int, schedule: Words) -> Peer:
    """Return our own command line."""
    command: Words = [sys.executable, "-m", "evals", "serving", "--no-probe", "--base-url", "http://127.0.0.1:{port}"]
    lengths: Words = ["--input-len", str(INPUT_TOKENS), "--output-len", str(TOKENS), "--json", "{file}"]
    return Peer(words=[*command, "--requests", str(requests), *schedule, *lengths], env={})


def sglang_clients(requests: int, schedule: Words) -> dict[str, Peer]:
    """Return SGLang's two clients out of its environment for CPUs, those of them that are there and start.

    The Python client needs the package `datasets`, which the engine's environment has not: the service's lends it.
    """
    python = interpreter(settings().home / "engines" / "sglang-cpu").absolute()
    env = {"SGLANG_USE_CPU_ENGINE": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(_SHIM)}
    asked: Words = ["--backend", "sglang", "--base-url", "http://127.0.0.1:{port}", "--model", "null-model"]
    asked += ["--dataset-name", "random-ids", "--tokenize-prompt", "--num-prompts", str(requests)]
    asked += ["--random-input-len", str(INPUT_TOKENS), "--random-output-len", str(TOKENS), "--random-range-ratio", "1"]
    asked += ["--warmup-requests", "0", "--output-details", "--output-file", "{file}", "--disable-tqdm", *schedule]
    start: dict[str, tuple[str, Words]] = {
        RUST: (_code("sglang.benchmark.rust_client"), ["--vocab-size", "1000", "--disable-retokenize"]),
        PYTHON: (_code("sglang.benchmark.serving"), ["--tokenizer", TOKENIZER]),
    }
    return {
        name: Peer(words=[python, "-c", code, *asked, *own], env=env)
        for name, (code, own) in start.items()
        if _starts(python, code, env)
    }


def _code(module: str) -> str:
    return _RUN.format(sysconfig.get_paths()["purelib"], module)


def _starts(python: Path, code: str, env: dict[str, str]) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", code, "--help"], env=env, capture_output=True, timeout=120).returncode == 0
