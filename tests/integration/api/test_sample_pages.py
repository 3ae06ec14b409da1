"""The pages of a run's items over a real Postgres, also for hostile answers and wrong addresses."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from db.tokens import TokenRole
from tests.integration.api.world import HOSTILE, finished_run, queued_run

HTML = {"Accept": "text/html"}
CANDIDATE = [True] * 60
BASELINE = [doc not in (5, 41) for doc in range(60)]


@pytest.fixture
def reader(client_as: Callable[[TokenRole | None], TestClient]) -> TestClient:
    client = client_as(TokenRole.VIEWER)
    client.headers.update(HTML)
    return client


def links_to_items(page: str) -> list[str]:
    return [part.split('"')[0].replace("&amp;", "&") for part in page.split('class="nowrap"><a href="')[1:]]


def test_the_table_goes_page_by_page_both_ways(reader: TestClient) -> None:
    run_id = finished_run(CANDIDATE, BASELINE)
    first = reader.get(f"/runs/{run_id}/samples").text
    assert len(links_to_items(first)) == 50
    assert "earlier items" not in first
    later = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = reader.get(later).text
    assert len(links_to_items(second)) == 10
    assert "later items" not in second
    earlier = second.split('rel="prev"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert links_to_items(reader.get(earlier).text) == links_to_items(first)


def test_filters_stay_in_the_form_and_an_empty_answer_says_what_to_do(reader: TestClient) -> None:
    run_id = finished_run(CANDIDATE, BASELINE)
    page = reader.get(f"/runs/{run_id}/samples", params={"flip": "gained", "q": "so #### 42"}).text
    assert [unquote(link).split("?")[0].rsplit("/", 1)[1] for link in links_to_items(page)] == ["5", "41"]
    assert 'value="so #### 42"' in page
    assert '<option value="gained" selected>' in page
    nothing = reader.get(f"/runs/{run_id}/samples", params={"q": "no such words"}).text
    assert "No item is like that" in nothing
    assert "Show all items" in nothing


def test_an_item_shows_both_answers_and_leads_to_the_flips_around_it(reader: TestClient) -> None:
    run_id = finished_run(CANDIDATE, BASELINE)
    page = reader.get(f"/runs/{run_id}/samples/gsm8k/20").text
    assert f"/runs/{run_id}/samples/gsm8k/5?" in page
    assert f"/runs/{run_id}/samples/gsm8k/41?" in page
    flip = reader.get(f"/runs/{run_id}/samples/gsm8k/5").text
    assert 'class="chip gained">Gained' in flip
    assert '<mark class="first"> 42</mark>' in flip
    assert '<mark class="first"> 41</mark>' in flip
    assert "The answers part at word 3" in flip
    assert "previous flip" not in flip


def test_nothing_of_a_hostile_answer_runs_and_its_whole_text_is_plain(reader: TestClient) -> None:
    text = HOSTILE + "\u202e\x1b[31m" + "<b>" * 350_000
    run_id = finished_run([True], [False], text=text)
    page = reader.get(f"/runs/{run_id}/samples/gsm8k/0")
    assert "<script>" not in page.text[page.text.index("<main") :]
    assert "⟨U+202E⟩" in reader.get(f"/runs/{run_id}/samples/gsm8k/0").text or "left out" in page.text
    assert len(page.content) < 400_000
    assert "1,050,0" in page.text
    whole = reader.get(f"/runs/{run_id}/samples/gsm8k/0/candidate.txt")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.text == f"{text} #### 42"
    assert reader.get(f"/runs/{run_id}/samples/gsm8k/0/prompt.txt").text.startswith("Question: an example?")
    table = reader.get(f"/runs/{run_id}/samples").text
    assert "<script>" not in table[table.index("<main") :]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("gsm8k/999", 404),
        ("nothing/0", 404),
        ("gsm8k/0/candidate-thoughts.txt", 404),
        ("gsm8k/0?workload=none", 404),
        ("gsm8k/x", 422),
        ("?after=zz", 422),
        ("?flip=sideways", 422),
        ("gsm8k/0/other.txt", 422),
    ],
)
def test_a_wrong_address_is_a_readable_page(reader: TestClient, path: str, status: int) -> None:
    run_id = finished_run([True], [True])
    answer = reader.get(f"/runs/{run_id}/samples{path if path.startswith('?') else '/' + path}")
    assert answer.status_code == status
    assert "What to do:" in answer.text
    assert reader.get("/runs/r0/samples").status_code == 404


def test_strangers_are_led_to_the_sign_in(client_as: Callable[[TokenRole | None], TestClient]) -> None:
    run_id = finished_run([True], [True])
    nobody = client_as(None)
    for path in ("samples", "samples/gsm8k/0", "samples/gsm8k/0/candidate.txt", "report.json", "items.csv", "live"):
        answer = nobody.get(f"/runs/{run_id}/{path}", headers=HTML, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
        assert nobody.get(f"/runs/{run_id}/{path}").status_code == 401


def test_a_run_without_answers_says_so(reader: TestClient) -> None:
    run_id, _ = queued_run()
    page = reader.get(f"/runs/{run_id}/samples").text
    assert "No item was judged" in page
    assert "not finished" in page


def test_items_can_be_taken_along_without_formulas(reader: TestClient) -> None:
    run_id = finished_run([True] * 3, [True, False, True], text="=1+1")
    table = reader.get(f"/runs/{run_id}/items.csv")
    lines = table.text.splitlines()
    assert table.headers["content-disposition"].startswith("attachment")
    assert lines[0].startswith("task,doc_id,flip")
    assert lines[2] == "gsm8k,1,gained,42,1.0,True,42,0.0,True,41"
    assert len(reader.get(f"/runs/{run_id}/items.jsonl").text.splitlines()) == 3
