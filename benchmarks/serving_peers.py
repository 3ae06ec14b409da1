"""The load generators that ours is measured beside, and the words that make them ask the same."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peer_environments import environment_of
from benchmarks.serving_truth import TOKENS
from db.settings import settings
from evals.accuracy.datasets import DEMO_DATA
from workers.engines.environments import interpreter

OURS, RUST, PYTHON = "plumbline", "sglang rust", "sglang python"
GUIDELLM, AIPERF = "guidellm", "aiperf"
VERSIONS = {GUIDELLM: "0.8.1", AIPERF: "0.13.0"}
"""Peers that are installed for the benchmark alone, each into an environment of its own."""

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


def other_client(name: str, requests: int, streams: int) -> Peer:
    """Return one of VERSIONS in a closed loop, installed if need be; raises NoPeerError.

    Both ask /v1/completions with texts that they make up; neither puts its figures into a file of a name of ours alone:
    aiperf writes a folder.
    """
    program = environment_of(name, VERSIONS[name]) / "bin" / name
    return _guidellm(program, requests, streams) if name == GUIDELLM else _aiperf(program, requests, streams)


def _guidellm(program: Path, requests: int, streams: int) -> Peer:
    backend = "kind=openai_http,target=http://127.0.0.1:{port},model=null-model,request_format=/v1/completions"
    words: Words = [program, "run", "--backend", backend, "--profile", f"kind=concurrent,streams={streams}"]
    words += ["--constraint", f"kind=max_requests,count={requests}"]
    words += ["--data", f"kind=synthetic_text,prompt_tokens={INPUT_TOKENS},output_tokens={TOKENS}"]
    words += ["--tokenizer", f"kind=hf_auto,model={TOKENIZER}", "--output", "kind=json,path={file}.json"]
    return Peer(words=[*words, "--disable-console"], env={"HF_HUB_OFFLINE": "1"})


def _aiperf(program: Path, requests: int, streams: int) -> Peer:
    words: Words = [program, "profile", "--model-names", "null-model", "--url", "http://127.0.0.1:{port}"]
    words += ["--endpoint-type", "completions", "--streaming", "--extra-inputs", "ignore_eos:true"]
    words += ["--concurrency", str(streams), "--request-count", str(requests), "--tokenizer", TOKENIZER]
    words += ["--isl", str(INPUT_TOKENS), "--isl-stddev", "0", "--osl", str(TOKENS), "--osl-stddev", "0"]
    words += ["--ui", "none", "--no-gpu-telemetry", "--no-server-metrics", "--export-level", "records"]
    return Peer(words=[*words, "--artifact-dir", "{file}"], env={})


def _code(module: str) -> str:
    return _RUN.format(sysconfig.get_paths()["purelib"], module)


def _starts(python: Path, code: str, env: dict[str, str]) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", code, "--help"], env=env, capture_output=True, timeout=120).returncode == 0
