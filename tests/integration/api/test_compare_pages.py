"""Two runs held against each other over a real Postgres."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from db.tokens import TokenRole
from tests.integration.api.world import finished_run, queued_run

HTML = {"Accept": "text/html"}


@pytest.fixture
def reader(client_as: Callable[[TokenRole | None], TestClient]) -> TestClient:
    client = client_as(TokenRole.VIEWER)
    client.headers.update(HTML)
    return client


def test_without_runs_the_page_offers_those_that_are_there(reader: TestClient) -> None:
    assert "There is no run yet" in reader.get("/compare").text
    run_id = finished_run([True], [True])
    page = reader.get("/compare").text
    assert f'<option value="{run_id}">' in page
    half = reader.get("/compare", params={"right": run_id}).text
    assert f'<option value="{run_id}" selected>' in half
    assert "Choose the other run" in half


def test_two_runs_whose_origin_nobody_recorded_are_not_judged(reader: TestClient) -> None:
    left, right = finished_run([True] * 8, [True] * 8), finished_run([True] * 6 + [False] * 2, [True] * 8)
    page = reader.get("/compare", params={"left": left, "right": right}).text
    assert "Not comparable" in page
    assert "no report of the left and the right run says what was true of it" in page
    assert "100.0 %" in page
    assert "75.0 %" in page
    assert 'class="chip incomparable"' in page


def test_items_of_two_runs_stand_side_by_side(reader: TestClient) -> None:
    left, right = finished_run([True] * 8, [True] * 8), finished_run([True] * 6 + [False] * 2, [True] * 8)
    both = {"left": left, "right": right}
    page = reader.get("/compare/samples", params=both | {"flip": "lost"}).text
    assert "gsm8k/6" in page
    assert "gsm8k/7" in page
    assert "gsm8k/5" not in page
    assert f"/compare/samples/gsm8k/6?left={left}&amp;right={right}&amp;workload=gsm8k" in page
    item = reader.get("/compare/samples/gsm8k/6", params=both)
    assert "Right run (candidate sglang)" in item.text
    assert 'class="chip lost"' in item.text
    assert reader.get("/compare/samples/gsm8k/6/baseline.txt", params=both).text == "So #### 42"


def test_a_run_against_itself_is_its_baseline_against_its_candidate(reader: TestClient) -> None:
    run_id = finished_run([True] * 4, [True, True, True, False])
    both = {"left": run_id, "right": run_id}
    page = reader.get("/compare", params=both).text
    assert "baseline hf" in page
    assert "candidate sglang" in page
    item = reader.get("/compare/samples/gsm8k/3", params=both).text
    assert "Left run (baseline hf)" in item
    assert 'class="chip gained"' in item


def test_a_run_that_goes_on_is_said_to_be_a_part(reader: TestClient) -> None:
    left, (right, _) = finished_run([True], [True]), queued_run()
    assert "The right run is not finished" in reader.get("/compare", params={"left": left, "right": right}).text


@pytest.mark.parametrize("path", ["/compare?left=r0&right=r0", "/compare/samples?left=r0&right=r0"])
def test_unknown_runs_are_a_readable_page(reader: TestClient, path: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 404
    assert "What to do:" in answer.text


def test_strangers_are_led_to_the_sign_in(client_as: Callable[[TokenRole | None], TestClient]) -> None:
    for path in ("/compare", "/compare/samples?left=a&right=b"):
        answer = client_as(None).get(path, headers=HTML, follow_redirects=False)
        assert answer.status_code == 303
