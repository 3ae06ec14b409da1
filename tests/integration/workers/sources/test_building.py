"""Building a source: once for all that want it, without our secrets, and nothing left of what was ended."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evals.errors import CancelledError
from tests.integration.workers.sources.making import builders_in, imported, is_building, made_ready, wait_for
from tests.integration.workers.sources.source_world import Installed, World, git
from workers.sources import ready as readying
from workers.sources.made import made

ROOT = Path(__file__).parents[4]


def test_jobs_that_want_one_source_at_once_make_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.require("einops==2.0")
    waits = world.slow_down()
    world.commit()
    calls, waiting = [], []
    really = readying.make
    monkeypatch.setattr(readying, "make", lambda *given: (calls.append(given), really(*given)))
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(made_ready, world, world.source(), lambda n=n: waiting.append(n)) for n in range(3)]
        wait_for(lambda: is_building(world) and len(set(waiting)) == 3)
        waits.unlink()
        found = [job.result() for job in jobs]
    assert len(calls) == 1
    assert found[0] == found[1] == found[2]


@pytest.mark.slow
def test_what_a_killed_worker_leaves_is_not_used(world: World) -> None:
    world.require("einops==2.0")
    waits = world.slow_down()
    world.commit()
    code = (
        "import sys; from db.settings import Settings; from evals.spec import EngineSpec; "
        "from workers.sources.ready import ready; "
        "ready(EngineSpec(kind='sglang', source=sys.argv[1]), Settings(code_repositories=sys.argv[2]))"
    )
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([sys.executable, "-c", code, world.source(), str(world.bare.parent)], env=variables)
    wait_for(lambda: is_building(world))
    [(folder, _)] = made(world.settings)
    assert builders_in(folder)
    worker.kill()
    worker.wait()
    wait_for(lambda: not builders_in(folder))
    assert [manifest for _, manifest in made(world.settings)] == [None]
    (folder / "rubbish").touch()
    waits.unlink()
    environment = made_ready(world, world.source())
    assert environment.tree == folder / "tree"
    assert not (folder / "rubbish").exists()
    assert imported(environment, "einops.VERSION", "einops") == "2.0"


@pytest.mark.slow
def test_a_cancelled_job_does_not_go_on_building(world: World) -> None:
    world.require("einops==2.0")
    world.slow_down()
    world.commit()

    def check() -> None:
        if is_building(world):
            raise CancelledError("cancelled", remedy="none")

    with pytest.raises(CancelledError):
        made_ready(world, world.source(), check)
    [(folder, manifest)] = made(world.settings)
    assert manifest is None
    assert not builders_in(folder)


def test_submitted_code_is_built_without_our_secrets(
    world: World, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "DATABASE_URL": "postgres://u:hidden@db", "HF_TOKEN": "hidden", "PIP_INDEX_URL": "https://u:hidden@index",
        "https_proxy": "http://u:hidden@proxy", "GIT_ASKPASS": "hidden", "PLUMBLINE_TOKEN": "hidden",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    world.require("einops==2.0")
    world.commit()
    installed.spied.write_text("")
    environment = made_ready(world, world.source())
    assert environment.tree is not None
    spied = installed.spied.read_text()
    assert "PYTHONFAULTHANDLER" in spied
    assert "hidden" not in spied
    seen = (environment.tree / "python" / "environment.txt").read_text()
    assert "hidden" not in seen
    assert "PIP_FIND_LINKS" not in seen
    assert "http://proxy:3128" in seen


def test_hooks_and_filters_of_a_repository_are_not_run(world: World) -> None:
    trap = world.folder / "trap"
    world.write({".gitattributes": "* filter=trap export-ignore\n"})
    world.commit()
    for hook in ("post-checkout", "reference-transaction", "post-update", "pre-receive"):
        script = world.bare / "hooks" / hook
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ntouch {trap}\n")
        script.chmod(0o755)
    git("-C", str(world.bare), "config", "filter.trap.smudge", f"touch {trap}")
    git("-C", str(world.bare), "config", "uploadpack.packObjectsHook", f"touch {trap}; exit 1")
    assert imported(made_ready(world, world.source()), "sglang.__name__") == "sglang"
    assert not trap.exists()
