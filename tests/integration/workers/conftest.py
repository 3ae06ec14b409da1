"""What several tests of the workers need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers.server_world import Bench
from tests.integration.workers.tasks_world import Messages
from workers import tasks

from .families import living, members


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Messages:
    """The messages that would have gone to the broker."""
    sent: Messages = []
    monkeypatch.setattr(tasks, "enqueue_job", lambda job_id, queue: sent.append(("job", job_id)))
    monkeypatch.setattr(tasks, "enqueue_report", lambda run_id: sent.append(("report", run_id)))
    return sent


@pytest.fixture
def bench(home: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(home, monkeypatch)


@pytest.fixture
def left(tmp_path: Path) -> Iterator[None]:
    """Whatever a test breaks, no process of its family stays."""
    yield
    for pid in living(members(tmp_path)):
        os.kill(pid, signal.SIGKILL)
