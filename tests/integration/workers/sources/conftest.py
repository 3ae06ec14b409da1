"""An installed engine and a repository, for the tests of sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workers.sources.source_world import Installed, World


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installed engine, one for all tests."""
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def world(tmp_path: Path, home: Path, installed: Installed, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository whose branch `main` equals the installed engine, and packages that pip finds without an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(installed.wheels))
    world = World(tmp_path, home, installed)
    world.commit()
    return world
