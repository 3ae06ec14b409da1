"""The service's command lines and its lock."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cli import service
from cli.lock import AlreadyRunningError, lock_file, lock_holder, service_lock, wait_until_free
from db.settings import Settings, settings


@pytest.fixture
def config(home: Path) -> Settings:
    return settings()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("bench.example", "http://bench.example:80"),
    ],
)
def test_the_api_is_reached_where_it_listens(config: Settings, host: str, url: str) -> None:
    assert service.api_url(config.model_copy(update={"host": host}), 80) == url


def test_the_worker_has_a_process_for_each_slot_and_gpu_and_two_more_and_two_for_remote_engines(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "gpu_names", lambda: ["one", "two", "three"])
    command = service.worker_command(config.model_copy(update={"cpu_slots": 4}))
    assert command[command.index("--concurrency") + 1] == "11"
    assert command[command.index("-Q") + 1] == "jobs.cpu,jobs.cuda,control"


def test_children_get_absolute_paths_and_the_addresses(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    relative = config.model_copy(update={"home": Path("home"), "data": Path("data"), "external_code_roots": "a:b"})
    variables = service.environment(relative, database_url="postgresql://d", redis_url="redis://r")
    here = Path.cwd()
    assert variables["PLUMBLINE_HOME"] == str(here / "home")
    assert variables["PLUMBLINE_DATA"] == str(here / "data")
    assert variables["PLUMBLINE_EXTERNAL_CODE_ROOTS"] == f"{here / 'a'}:{here / 'b'}"
    assert (variables["DATABASE_URL"], variables["REDIS_URL"]) == ("postgresql://d", "redis://r")


def test_the_worker_gets_a_grace_and_then_gives_its_jobs_up(config: Settings) -> None:
    api, worker, beat = service.children(config, port=1, variables={})
    assert [number for number, _ in worker.stop] == [signal.SIGTERM, signal.SIGQUIT]
    assert sum(patience_s for _, patience_s in worker.stop) < 30
    assert {spec.folder for spec in (api, worker, beat)} == {config.home}


def test_the_lock_names_its_holder_to_the_second_comer_and_is_free_afterwards(config: Settings) -> None:
    with service_lock(config, "http://here"):
        with (
            pytest.raises(AlreadyRunningError, match="http://here") as caught,
            service_lock(config, "http://there"),
        ):
            pass
        assert "plumbline down" in caught.value.remedy
        holder = lock_holder(config)
        assert holder is not None
        assert holder.url == "http://here"
        assert not wait_until_free(config, patience_s=0.2)
    assert lock_holder(config) is None
    assert wait_until_free(config, patience_s=0)


def test_a_lock_file_that_a_killed_service_left_counts_for_nothing(config: Settings) -> None:
    config.run_dir.mkdir()
    lock_file(config).write_text('{"pid": 1, "url": "http://gone"}')
    assert lock_holder(config) is None
    with service_lock(config, "http://new"):
        holder = lock_holder(config)
    assert holder is not None
    assert holder.url == "http://new"
