"""The doctor names what is amiss and the command that mends it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import checks
from cli.checks import Level
from cli.doctor import doctor
from db.settings import Settings, settings

app = typer.Typer()
app.command()(doctor)


@pytest.fixture
def config(home: Path) -> Settings:
    return settings()


def test_every_line_that_is_not_ok_carries_a_remedy(config: Settings) -> None:
    found = list(checks.findings(config))
    assert found
    assert all((finding.remedy is None) == (finding.level is Level.OK) for finding in found)


@pytest.mark.parametrize(
    ("absent", "name", "level", "remedy"),
    [
        ("uvicorn", "packages api", Level.WARN, "pip install '.[api]'"),
        ("sqlalchemy", "packages core", Level.FAIL, "make setup"),
    ],
)
def test_a_missing_extra_is_a_warning_and_a_missing_core_a_failure(
    config: Settings, monkeypatch: pytest.MonkeyPatch, absent: str, name: str, level: Level, remedy: str
) -> None:
    satisfied = checks._satisfied
    monkeypatch.setattr(checks, "_satisfied", lambda item: item.name != absent and satisfied(item))
    (finding,) = (item for item in checks.packages(config) if item.level is not Level.OK)
    assert (finding.name, finding.level) == (name, level)
    assert absent in finding.found
    assert str(finding.remedy).startswith(remedy)


def test_the_embedded_programs_run(config: Settings) -> None:
    postgres, redis = checks.embedded_servers(config)
    assert (postgres.level, redis.level) == (Level.OK, Level.OK)
    assert "PostgreSQL) 18" in postgres.found
    assert "Redis server" in redis.found


def test_servers_of_the_operator_are_not_looked_for(config: Settings) -> None:
    given = config.model_copy(update={"database_url": "postgresql://x", "redis_url": "redis://x"})
    assert [finding.found for finding in checks.embedded_servers(given)] == ["the operator's own"] * 2


def test_a_taken_port_fails_and_the_next_one_is_proposed(config: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        _, finding = checks.service(config.model_copy(update={"port": port}))
    assert finding.level is Level.FAIL
    assert finding.remedy == f"export PLUMBLINE_PORT={port + 1}"


@pytest.mark.parametrize(("free_gib", "level"), [(100, Level.OK), (10, Level.WARN), (1, Level.FAIL)])
def test_a_full_disk_is_noticed(config: Settings, monkeypatch: pytest.MonkeyPatch, free_gib: int, level: Level) -> None:
    usage = type("Usage", (), {"free": free_gib * checks.GIB})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage)
    _, disk = checks.home_folder(config)
    assert disk.level is level


def test_an_unreachable_database_fails(config: Settings) -> None:
    dead = config.model_copy(update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none"})
    (finding,) = checks.migrations(dead)
    assert finding.level is Level.FAIL
    assert "DATABASE_URL" in str(finding.remedy)


def test_an_unfinished_engine_fails_and_none_at_all_is_a_warning(config: Settings) -> None:
    assert list(checks.engines(config))[-1].level is Level.WARN
    (config.engines_dir / "sglang-cpu").mkdir(parents=True)
    finding = next(item for item in checks.engines(config) if item.name == "engine sglang-cpu")
    assert finding.level is Level.FAIL
    assert finding.remedy == "plumbline engines install sglang --device cpu"


def test_a_failure_is_the_exit_status_and_json_holds_every_finding(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_DATA", "/no/such/folder")
    settings.cache_clear()
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 1
    broken = [item for item in json.loads(result.stdout) if item["name"] == "data"]
    assert broken[0]["level"] == "fail"
    assert "PLUMBLINE_DATA" in broken[0]["remedy"]
