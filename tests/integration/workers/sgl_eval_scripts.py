"""Items, and engines that answer sgl-eval by a script."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import psutil

from tests.integration.workers.sgl_eval_world import Body, Reply, ScriptedEngine, completion

ITEMS = [{"question": f"What is {n} + {n}?", "answer": f"#### {2 * n}"} for n in range(4)]


def drivers(folder: Path) -> list[psutil.Process]:
    """The processes that belong to a run in this folder."""
    running = [p for p in psutil.process_iter(["cmdline", "status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
    ours = [p for p in running if str(folder) in " ".join(p.info["cmdline"] or [])]
    return [process for process in ours if process.pid != os.getpid()]


class Hanging:
    """A script that answers no one until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, body: Body) -> Reply:
        self.asked.set()
        self.let_go.wait(60)
        return completion("late")


def lines(path: Path, count: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()[:count]]


def scripted(answers: list[str]) -> ScriptedEngine:
    """An engine that gives each prompt one of the answers, the same whenever it is asked."""

    def script(body: Body) -> Reply:
        content = json.dumps(body["messages"][0]["content"])
        return completion(answers[sum(content.encode()) % len(answers)])

    return ScriptedEngine(script)
