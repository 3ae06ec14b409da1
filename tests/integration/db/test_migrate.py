"""The migrations against a real Postgres."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from db import migrate
from db.embedded_postgres import temporary_postgres
from db.session import engine_for
from db.tables import Base


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    with temporary_postgres() as url:
        yield url
        engine_for(url).dispose()


def test_the_migrations_lead_to_the_tables(migrated_postgres: str) -> None:
    migrate.check_drift(migrated_postgres)
    assert migrate.is_current(migrated_postgres)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.append_column(sa.Column("forgotten", sa.Text)),
        lambda table: setattr(table.c.name, "nullable", True),
        lambda table: setattr(table.c.name, "type", sa.Integer()),
        lambda table: sa.Index("forgotten_index", table.c.name),
    ],
    ids=["column", "nullability", "type", "index"],
)
def test_a_change_without_a_migration_is_named(migrated_postgres: str, change: object) -> None:
    metadata = sa.MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    change(metadata.tables["tokens"])  # type: ignore[operator]  # the ids above are the signature
    with pytest.raises(migrate.MigrationDriftError, match="1 place") as caught:
        migrate.check_drift(migrated_postgres, metadata)
    assert "tokens" in caught.value.details["differences"][0]
    assert "make migration" in caught.value.remedy


def test_an_unmigrated_database_is_not_current(empty_postgres: str) -> None:
    assert not migrate.is_current(empty_postgres)


def test_two_processes_that_migrate_at_once_queue_up(empty_postgres: str) -> None:
    program = f"from db.migrate import upgrade; upgrade({empty_postgres!r})"
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with engine_for(empty_postgres).begin() as first:
        migrate._lock(first)
        both = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(2)]
        deadline = time.monotonic() + 60
        while first.scalar(waiting) != 2:
            assert time.monotonic() < deadline, "nobody waits for the lock"
            time.sleep(0.05)
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert migrate.is_current(empty_postgres)
