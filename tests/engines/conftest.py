"""Fixtures over real engines; without installed environments these tests say what they miss and skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec
from tests.engines.service import DEMO_MODEL, ROOT, Service, free_port
from workers.engines.environments import read_manifest
from workers.server import Server, running

ENGINES_HOME = Path(os.environ.get("PLUMBLINE_HOME", ROOT / ".plumbline"))


@pytest.fixture(scope="session")
def engines_home() -> Path:
    """The home whose engine environments the tests borrow."""
    for engine in ("sglang", "hf"):
        if read_manifest(ENGINES_HOME / "engines" / f"{engine}-cpu") is None:
            pytest.skip(f"engine {engine} is not installed in {ENGINES_HOME}: run `make engines`")
    return ENGINES_HOME


@pytest.fixture(scope="session")
def borrowed_home(engines_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the tests' own with the installed engines in it."""
    home = tmp_path_factory.mktemp("home")
    (home / "engines").symlink_to(engines_home / "engines")
    return home


@pytest.fixture(scope="module")
def service(borrowed_home: Path) -> Iterator[Service]:
    """A service started by `plumbline up`, stopped by `plumbline down`."""
    with Service(home=borrowed_home, port=free_port()).up() as service:
        yield service


@pytest.fixture(scope="module", params=["sglang", pytest.param("hf", marks=pytest.mark.slow)])
def engine_server(request: pytest.FixtureRequest, borrowed_home: Path) -> Iterator[Server]:
    """A running engine with the demo model, one after the other."""
    settings = Settings(home=borrowed_home)
    spec, model = EngineSpec(kind=request.param), ModelSpec(path=str(DEMO_MODEL))
    with running(spec, model, settings=settings, job_id=f"test-{request.param}") as server:
        yield server
