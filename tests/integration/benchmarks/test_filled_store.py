"""The filled store: what it holds, and that every page answers over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from benchmarks.dashboard_load import plan, store
from benchmarks.dashboard_load.explain import plans
from benchmarks.dashboard_load.pages import pages
from db.migrate import upgrade
from db.session import engine_for, transaction
from db.settings import settings

pytestmark = pytest.mark.slow

ITEMS = {"gsm8k": 60, "arc_challenge": 40, "truthfulqa": 40, "ifeval": 40, "mmlu": 300}


@pytest.fixture
def filled(migrated_postgres: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of its own with a small store: thirty runs of two models."""
    with engine_for(migrated_postgres).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS load"))
        connection.execute(sa.text("CREATE DATABASE load"))
        url = sa.make_url(migrated_postgres).set(database="load").render_as_string(hide_password=False)
        upgrade(url)
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("PLUMBLINE_PUBLIC_READ", "1")
        settings.cache_clear()
        for name, count in ITEMS.items():
            monkeypatch.setitem(plan.ITEMS, name, count)
        store.fill(runs=30, lineages=10, samples=400_000, seed=7)
        yield
        engine_for(url).dispose()
        connection.execute(sa.text("DROP DATABASE load WITH (FORCE)"))


def test_every_page_answers_over_the_filled_store(filled: None) -> None:
    with transaction() as session:
        asked = pages(session)
        counts = {
            table: session.scalar(sa.text(f"SELECT count(*) FROM {table}"))
            for table in ("runs", "jobs", "reports", "responses", "scores", "results", "points", "promotions")
        }
        lineages = session.scalar(sa.text("SELECT count(DISTINCT lineage) FROM points WHERE side = 'candidate'"))
    assert (counts["runs"], counts["jobs"], lineages) == (30, 60, 10)
    assert counts["responses"] == counts["scores"]
    assert counts["scores"] > 4_000
    assert min(counts["results"], counts["points"], counts["promotions"]) > 0
    client = TestClient(create_app(), raise_server_exceptions=False)
    statuses = {address: client.get(address).status_code for addresses in asked.values() for address in addresses[:2]}
    assert set(statuses.values()) == {200}, statuses
    assert {"overview", "runs", "run", "samples", "search in 14,042", "sample", "history", "baselines"} <= set(asked)


def test_the_plans_use_the_indexes_that_were_made_for_them(filled: None) -> None:
    document = plans({"runs": 30})
    assert "over a store of 30 runs" in document
    assert "points_newest" in document
    assert "## samples: a search" in document
    assert document.count("Execution Time") >= 11
