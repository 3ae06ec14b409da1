"""Make sources ready as a job does, and look at what is being built."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from tests.integration.workers.sources.source_world import SPEC, World
from workers.engines.base import EngineEnvironment
from workers.engines.environments import environment_for
from workers.sources.ready import ready


def made_ready(world: World, source: str, check: Callable[[], None] = lambda: None) -> EngineEnvironment:
    spec = ready(replace(SPEC, source=source), world.settings, check=check)
    return environment_for(spec, world.settings)


def imported(environment: EngineEnvironment, expression: str, module: str = "sglang") -> str:
    """Return what an expression over a module is in an engine's environment."""
    code = f"import {module}; print({expression})"
    variables = os.environ | environment.completed({})
    command = [str(environment.interpreter), "-c", code]
    return subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout.strip()


def builders_in(folder: Path) -> list[psutil.Process]:
    """Return the processes whose command line names a folder."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if any(str(folder) in word for word in process.info["cmdline"] or ())]


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def is_building(world: World) -> bool:
    return any(world.settings.sources_dir.glob("ready/*/tree/python/environment.txt"))
