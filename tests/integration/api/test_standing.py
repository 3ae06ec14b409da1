"""What is kept of how lineages stand gives way to whatever is measured or accepted after it."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from db.baselines import demote, promote
from db.session import engine, transaction
from tests.integration.api.world import finished_run
from tests.integration.workers.baseline_world import PLAIN, finished


def overview(client: TestClient) -> str:
    return client.get("/").text


def test_a_new_result_is_shown_at_once(client: TestClient) -> None:
    finished_run([True] * 30 + [False] * 10, [True] * 40)
    assert "<strong>75.0 %</strong>" in overview(client)
    assert ">75.0 %" in client.get("/history").text
    finished_run([True] * 20 + [False] * 20, [True] * 40)
    assert "<strong>50.0 %</strong>" in overview(client)
    assert "<strong>75.0 %</strong>" not in overview(client)
    assert ">50.0 %" in client.get("/history").text


def test_what_is_accepted_or_taken_back_is_shown_at_once(client: TestClient) -> None:
    run_id, _ = finished(PLAIN)
    assert ">no baseline<" in overview(client)
    with transaction() as session:
        promote(session, run_id, actor="me", reason="good")
    assert ">is the baseline<" in overview(client)
    with transaction() as session:
        demote(session, run_id, actor="me", reason="not good")
    assert ">no baseline<" in overview(client)


@pytest.mark.parametrize("address", ["/", "/history"])
def test_the_next_reader_is_answered_without_reading_all_points(client: TestClient, address: str) -> None:
    finished_run([True] * 4, [True] * 4)
    first = client.get(address).text
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        sent.append(re.sub(r"\s+", " ", statement))

    event.listen(engine(), "before_cursor_execute", note)
    try:
        assert client.get(address).text == first
    finally:
        event.remove(engine(), "before_cursor_execute", note)
    of_points = [statement for statement in sent if "FROM points" in statement]
    assert len(of_points) == 1, of_points
    assert "ORDER BY points.id DESC LIMIT" in of_points[0]
