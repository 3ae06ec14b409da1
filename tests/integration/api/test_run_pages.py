"""A run's page: its stream, its files, and the forms that do something with it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from db.baselines import list_baselines
from db.jobs import note_facts
from db.runs import get_run, list_runs
from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole
from tests.integration.api.world import claim, evaluating, failed_run, finished_run, queued_run, token_of

HTML = {"Accept": "text/html"}


def signed_in(client_as: Callable[[TokenRole | None], TestClient], role: TokenRole) -> tuple[TestClient, str]:
    """Return a browser that has signed in, and the key for its forms."""
    browser = client_as(None)
    browser.headers.update(HTML)
    browser.post("/sign-in", data={"token": token_of(role)}, follow_redirects=False)
    page = browser.get("/queue").text
    return browser, page.split('name="form_key" value="')[1].split('"')[0]


def test_a_finished_runs_stream_gives_all_pieces_and_ends(client: TestClient) -> None:
    run_id = finished_run([True, False], [True, True])
    answer = client.get(f"/runs/{run_id}/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    pieces = json.loads(answer.text.split("data: ")[1].split("\n")[0])
    page = client.get(f"/runs/{run_id}", headers=HTML).text
    assert all(f'id="{name}"' in page for name in pieces)
    assert answer.text.rstrip().endswith("data: {}")
    assert "event: end" in answer.text
    assert client.get("/runs/r0/live").status_code == 404


def test_a_running_page_shows_the_count_so_far_and_the_logs_end_without_secrets(client: TestClient) -> None:
    run_id, jobs = queued_run()
    held = claim(jobs[0])
    evaluating(held, done=20, right=15)
    folder = settings().jobs_dir / jobs[0].id
    folder.mkdir(parents=True)
    lines = [f"line {number}" for number in range(100)]
    (folder / "engine.log").write_text("\n".join([*lines, "api_key=abcdef123456 <b>\n"]))
    with transaction() as session:
        note_facts(session, held.lease, {}, log_path=str(folder / "engine.log"))
    page = client.get(f"/runs/{run_id}", headers=HTML).text
    assert f'data-events="/runs/{run_id}/live"' in page
    assert "so far, 20 of 40 judged; no verdict" in page
    assert "line 99" in page
    assert "line 10\n" not in page
    assert "abcdef123456" not in page
    assert "api_key=[hidden] &lt;b&gt;" in page
    raw = client.get(f"/runs/{run_id}/jobs/{jobs[0].id}.log")
    assert "abcdef123456" not in raw.text
    assert client.get(f"/api/v1/submissions/{run_id}/jobs/{jobs[0].id}/log").text.endswith("api_key=[hidden] <b>\n")


def test_files_are_the_reports_own(client: TestClient) -> None:
    run_id = finished_run([True, False], [True, True])
    report = client.get(f"/api/v1/submissions/{run_id}/report").json()
    assert client.get(f"/runs/{run_id}/report.json").json() == report
    assert client.get(f"/runs/{run_id}/run.json").json()["id"] == run_id
    assert report["headline"] in client.get(f"/runs/{run_id}/report.md").text
    assert client.get(f"/runs/{run_id}/description.md").status_code == 200
    assert client.get(f"/runs/{run_id}/other.md").status_code == 422
    queued, _ = queued_run()
    assert client.get(f"/runs/{queued}/report.json").status_code == 404


def test_again_says_what_will_happen_and_queues_the_same_submission(
    client_as: Callable[[TokenRole | None], TestClient],
) -> None:
    run_id = finished_run([True], [True])
    browser, key = signed_in(client_as, TokenRole.MAINTAINER)
    page = browser.get(f"/runs/{run_id}/do/again").text
    assert "A new run of the same submission is queued" in page
    assert key in page
    answer = browser.post(f"/runs/{run_id}/do/again", data={"form_key": key}, follow_redirects=False)
    assert answer.status_code == 303
    new = answer.headers["location"].removeprefix("/runs/")
    with transaction() as session:
        assert get_run(session, new).submission == get_run(session, run_id).submission
        assert len(list_runs(session)) == 2


def test_a_tag_that_decides_about_history_needs_a_maintainer_again(
    client_as: Callable[[TokenRole | None], TestClient],
) -> None:
    run_id = finished_run([True], [True])  # tagged nightly
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    answer = browser.post(f"/runs/{run_id}/do/again", data={"form_key": key})
    assert answer.status_code == 403
    assert "maintainer" in answer.text
    with transaction() as session:
        assert len(list_runs(session)) == 1


@pytest.mark.parametrize("role", [TokenRole.VIEWER, TokenRole.SUBMITTER])
def test_roles_that_may_not_are_told_so_and_change_nothing(
    client_as: Callable[[TokenRole | None], TestClient], role: TokenRole
) -> None:
    run_id = finished_run([True], [True])
    browser, key = signed_in(client_as, role)
    assert "This needs the role maintainer" in browser.get(f"/runs/{run_id}/do/promote").text
    assert browser.post(f"/runs/{run_id}/do/promote", data={"form_key": key, "reason": "r"}).status_code == 403
    if role is TokenRole.VIEWER:
        assert browser.post(f"/runs/{run_id}/do/cancel", data={"form_key": key}).status_code == 403
        assert "/do/" not in browser.get(f"/runs/{run_id}").text
    with transaction() as session:
        assert list_baselines(session) == []


def test_a_form_from_elsewhere_is_refused(client_as: Callable[[TokenRole | None], TestClient]) -> None:
    run_id, _ = queued_run()
    browser, key = signed_in(client_as, TokenRole.ADMIN)
    assert browser.post(f"/runs/{run_id}/do/cancel", data={"form_key": "x"}).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    assert browser.post(f"/runs/{run_id}/do/cancel", data={"form_key": key}, headers=foreign).status_code == 403
    with transaction() as session:
        assert not get_run(session, run_id).cancel_requested


def test_cancel_ends_a_waiting_run_and_retry_brings_a_failed_one_back(
    client_as: Callable[[TokenRole | None], TestClient],
) -> None:
    run_id, _ = queued_run()
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    assert browser.post(f"/runs/{run_id}/do/cancel", data={"form_key": key}).status_code == 200
    with transaction() as session:
        assert get_run(session, run_id).cancel_requested
    failed = failed_run({"code": "x", "message": "m"})
    assert "Repeat what failed" in browser.get(f"/runs/{failed}").text
    browser.post(f"/runs/{failed}/do/retry", data={"form_key": key})
    with transaction() as session:
        assert get_run(session, failed).state == "queued"
    again = browser.post(f"/runs/{failed}/do/retry", data={"form_key": key})
    assert (again.status_code, "no failed or cancelled job" in again.text) == (409, True)


def test_promoting_wants_a_reason_and_refuses_what_has_no_result(
    client_as: Callable[[TokenRole | None], TestClient],
) -> None:
    run_id = finished_run([True], [True])
    browser, key = signed_in(client_as, TokenRole.MAINTAINER)
    page = browser.post(f"/runs/{run_id}/do/promote", data={"form_key": key, "reason": " ", "workload": "gsm8k"})
    assert (page.status_code, "say why" in page.text, 'value="gsm8k"' in page.text) == (422, True, True)
    refused = browser.post(f"/runs/{run_id}/do/promote", data={"form_key": key, "reason": "good"})
    assert refused.status_code == 409  # this world's runs keep no results
    assert "no whole result" in refused.text
    assert browser.get(f"/runs/{run_id}/do/other").status_code == 422
    assert browser.get("/runs/r0/do/again").status_code == 404
