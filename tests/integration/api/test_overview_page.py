"""The overview and the list of runs over a real store."""

from __future__ import annotations

import re
from dataclasses import replace

from fastapi.testclient import TestClient

from db.states import JobState
from evals.spec import EngineSpec, ModelSpec, PullRequest
from tests.integration.api.world import SUBMISSION, claim, evaluating, failed_run, finished_run, queued_run
from tests.integration.db.history_world import LINEAGE, START, add_nights, analyse


def _cells(page: str) -> list[str]:
    return re.findall(r'<td>\s*<div class="row state">.*?</td>', page, re.DOTALL)


def test_an_empty_service_says_what_to_do(client: TestClient) -> None:
    page = client.get("/").text
    assert "Nothing was measured yet" in page
    assert "plumbline submit" in page
    assert "There is no run yet" in client.get("/runs").text


def test_a_result_is_a_cell_with_its_verdict_value_and_interval(client: TestClient) -> None:
    run_id = finished_run([True] * 30 + [False] * 10, [True] * 30 + [False] * 10)
    page = client.get("/").text
    (cell,) = _cells(page)
    assert f'href="/runs/{run_id}"' in cell
    assert re.search(r"<strong>75\.0 %</strong> <span class=\"interval\">\[\d+\.\d, \d+\.\d\]", cell)
    assert "no baseline" in cell
    assert "demo-text" in page


def test_filters_are_in_the_address_and_say_when_nothing_fits(client: TestClient) -> None:
    finished_run([True] * 4, [True] * 4)
    other = finished_run([True] * 4, [True] * 4, submission=replace(SUBMISSION, model=ModelSpec(path="/models/other")))
    assert len(_cells(client.get("/").text)) == 2
    page = client.get("/", params={"model": "OTHER", "tag": "nightly"}).text
    assert other in page
    assert len(_cells(page)) == 1
    assert 'value="OTHER"' in page
    for chosen in ({"model": "no%such"}, {"tag": "weekly"}, {"source": "fffff"}, {"runs": "main"}):
        page = client.get("/", params=chosen).text
        assert "No lineage fits" in page, chosen
        assert not _cells(page)
    assert client.get("/", params={"runs": "sometimes"}).status_code == 422


def test_a_pull_requests_run_says_nothing_about_the_code_unless_asked(client: TestClient) -> None:
    kept = finished_run([True] * 4, [True] * 4)
    pull = replace(SUBMISSION, pull_request=PullRequest(repository="o/r", number=3))
    proposed = finished_run([False] * 4, [True] * 4, submission=pull)
    (cell,) = _cells(client.get("/").text)
    assert kept in cell
    (cell,) = _cells(client.get("/", params={"runs": "all"}).text)
    assert proposed in cell


def test_what_runs_and_what_failed_is_told_in_its_cell(client: TestClient) -> None:
    finished_run([True] * 4, [True] * 4)
    broken = failed_run({"code": "engine_argument", "message": "refused", "remedy": None, "details": {}})
    running, jobs = queued_run()
    evaluating(claim(jobs[0]), 12, 5)
    page = client.get("/").text
    (cell,) = _cells(page)
    assert f'class="chip error" href="/runs/{broken}"' in cell
    assert f'class="chip {JobState.RUNNING}" href="/runs/{running}"' in cell
    assert "candidate evaluating, 12 of 40" in page
    assert "candidate evaluating, 12 of 40" in client.get("/overview/news").text


def test_open_regressions_come_first_and_old_results_are_stale(client: TestClient) -> None:
    add_nights([100.0] * 12 + [140.0] * 8)
    (change,) = analyse()
    page = client.get("/").text
    assert page.index(f'href="/regressions/{change.id}"') < page.index('class="matrix"')
    (cell,) = _cells(page)
    assert 'class="chip stale"' in cell
    assert "no result for" in cell
    assert 'class="spark"' in cell
    assert START.year == 2026
    assert LINEAGE.hardware in page


def test_families_are_offered_beside_the_newest(client: TestClient) -> None:
    elsewhere = replace(LINEAGE, hardware="8 cores")
    add_nights([100.0] * 3, lineage=elsewhere.key, hardware=elsewhere.hardware)
    finished_run([True] * 4, [True] * 4)
    page = client.get("/").text
    assert len(_cells(page)) == 1
    tabs = re.findall(r'<a href="(/\?[^"]*hardware[^"]*)"', page)
    assert len(tabs) == 2
    shown = {_cells(client.get(tab.replace("&amp;", "&")).text)[0] for tab in tabs}
    assert len(shown) == 2


def test_runs_are_filtered(client: TestClient) -> None:
    passed = finished_run([True] * 40, [True] * 40)
    queued, _ = queued_run(replace(SUBMISSION, suite="gsm8k", tags=("main", "a b"), limit=7))
    for chosen, found in (
        ({"state": "finished"}, passed),
        ({"state": "queued"}, queued),
        ({"suite": "gsm8k"}, queued),
        ({"tag": "a b"}, queued),
        ({"tag": "nightly", "verdict": ""}, passed),
    ):
        page = client.get("/runs", params=chosen).text
        other = queued if found == passed else passed
        assert found in page, chosen
        assert other not in page, chosen
    assert "No run fits" in client.get("/runs", params={"model": "100%"}).text
    assert "No run fits" in client.get("/runs", params={"verdict": "incomparable"}).text
    assert client.get("/runs", params={"verdict": "bad"}).status_code == 422
    assert "only the first 7 items" in client.get("/runs").text


def test_pages_of_runs_follow_each_other_without_gap(client: TestClient) -> None:
    ids = {queued_run(replace(SUBMISSION, baseline=EngineSpec(kind="hf")))[0] for _ in range(53)}
    first = client.get("/runs", params={"state": "queued"}).text
    (older,) = re.findall(r'href="(/runs\?[^"]*before=[^"]*)"', first)
    second = client.get(older.replace("&amp;", "&")).text
    shown = [
        set(re.findall(r'<td class="words"><a id="run-\w+" href="/runs/(r\w+)"', page)) for page in (first, second)
    ]
    assert [len(page) for page in shown] == [50, 3]
    assert shown[0] | shown[1] == ids
    assert "No older runs" in second
