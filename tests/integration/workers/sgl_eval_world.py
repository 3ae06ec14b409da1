"""sgl-eval's real environment, a scripted engine for it to ask, and its own command line to compare with."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from db.settings import Settings
from evals.accuracy.harness import Observer, Progress, WorkloadResult
from evals.accuracy.questions import Asked
from evals.result import Response, SampleKey
from evals.spec import Api, Workload
from workers.engines.environments import read_manifest
from workers.harnesses.environments import SGL_EVAL, folder_of
from workers.harnesses.sgl_eval import run_sgl_eval

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("PLUMBLINE_HOME", ROOT / ".plumbline"))
DEMO = ROOT / "demo" / "data"

Body = dict[str, Any]
Reply = tuple[int, Body]


def installed_settings() -> Settings:
    """The settings under which sgl-eval is installed; without it the test is skipped."""
    settings = Settings(home=HOME)
    if read_manifest(folder_of(SGL_EVAL, settings)) is None:
        pytest.skip(f"sgl-eval is not installed in {HOME}: run `plumbline harnesses install sgl-eval`")
    return settings


def completion(text: Any, **changes: Any) -> Reply:
    message = {"role": "assistant", "content": text, "reasoning_content": changes.pop("reasoning", None)}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return 200, {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "usage": usage} | {
        "choices": [choice | changes]
    }


class ScriptedEngine(ThreadingHTTPServer):
    """Answer each chat request with what `script` returns for its body; remember bodies and keys."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script: Callable[[Body], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.bodies: list[Body] = []
        self.keys: set[str | None] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients are killed here while they wait

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def heard(self) -> list[str]:
        """What was asked since the last time, in an order of its own."""
        bodies, self.bodies = self.bodies, []
        return sorted(json.dumps(body, sort_keys=True) for body in bodies)


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedEngine
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.add(self.headers.get("Authorization"))
        self.server.bodies.append(body)
        status, answer = self.server.script(body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Heard:
    """An observer's notes."""

    answers: dict[SampleKey, tuple[Asked, Response]] = field(default_factory=dict)
    progress: list[Progress] = field(default_factory=list)

    def observer(self, check: Callable[[], None] = lambda: None) -> Observer:
        def keep(asked: Asked, response: Response) -> None:
            self.answers[asked.key] = (asked, response)

        return Observer(on_response=keep, on_progress=self.progress.append, check=check)

    @property
    def responses(self) -> dict[SampleKey, Response]:
        return {key: response for key, (_, response) in self.answers.items()}


def workload(name: str, **changes: Any) -> Workload:
    settings: dict[str, Any] = {"metric": "acc,sgl-eval", "margin": 0.05, "api": Api.CHAT, "max_tokens": 64}
    return Workload(name="w", benchmark=f"sgl-eval/{name}", **settings | changes)


def run_ours(
    asked: Workload,
    items: Sequence[Mapping[str, Any]],
    url: str,
    *,
    heard: Heard | None = None,
    check: Callable[[], None] = lambda: None,
    answered: Mapping[SampleKey, Response] | None = None,
    **changes: Any,
) -> WorkloadResult:
    settings: dict[str, Any] = {"model": "m", "api_key": None} | changes
    observer = (heard or Heard()).observer(check)
    return run_sgl_eval(
        asked,
        items,
        base_url=url,
        settings=installed_settings(),
        answered=answered or {},
        observer=observer,
        **settings,
    )


LOCAL_HUB = """
import sys, datasets
source = sys.argv.pop(1)
datasets.load_dataset = lambda name, config, split: datasets.Dataset.from_parquet(source, cache_dir=source + ".cache")
from sgl_eval.cli import main
sys.exit(main())
"""


def run_theirs(name: str, url: str, folder: Path, *options: str, parquet: Path | None = None) -> list[dict[str, Any]]:
    """Run sgl-eval's own command line; return its prediction of each item, in the items' order.

    parquet: a file that stands for the hub's dataset.
    """
    python = str(folder_of(SGL_EVAL, installed_settings()) / "bin" / "python")
    program = [python, "-m", "sgl_eval.cli"] if parquet is None else [python, "-c", LOCAL_HUB, str(parquet)]
    command = [*program, "run", name, f"--base-url={url}/v1", "--model=m", f"--out-dir={folder}", "--num-threads=4"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [*command, *options], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (written,) = folder.rglob("output-rs0.jsonl")
    return [json.loads(line) for line in written.read_text().splitlines()]


def judgement(prediction: Mapping[str, Any]) -> tuple[Any, ...]:
    """What sgl-eval's file says of an item, in our words."""
    extracted = prediction["predicted_answer"]
    return (prediction["generation"], extracted, extracted is not None, float(prediction["symbolic_correct"]))


def judgements(result: WorkloadResult, heard: Heard) -> dict[int, tuple[Any, ...]]:
    """What we say of each item, in the same words."""
    texts = {key.doc_id: response.text for key, response in heard.responses.items()}
    return {s.doc_id: (texts[s.doc_id], s.extracted, s.parsed, s.value) for s in result.scores}
