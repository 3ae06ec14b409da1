"""The pages about regressions: what they say, who may decide, and what a refusal keeps."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from db.regressions import get_change
from db.session import transaction
from db.tokens import TokenRole
from tests.integration.api.browsing import Clients, signed_in
from tests.integration.api.world import HOSTILE
from tests.integration.db.history_world import add_nights, analyse, commit

HTML = {"Accept": "text/html"}


@pytest.fixture
def regression(database: str) -> str:
    add_nights([100.0] * 20 + [120.0] * 5)
    (found,) = analyse()
    return found.id


def state_of(regression: str) -> str:
    with transaction() as session:
        return get_change(session, regression).state.value


def test_a_regression_says_what_since_when_by_how_much_and_where_to_look(client: TestClient, regression: str) -> None:
    assert f'href="/regressions/{regression}"' in client.get("/regressions", headers=HTML).text
    page = client.get(f"/regressions/{regression}", headers=HTML).text
    assert re.search(r"ttft_p50,1 in flight went worse by (20\.\d|19\.\d) % \[", page)
    assert "2026-01-21 02:00:00 UTC" in page
    assert f"git log --oneline {commit(19)}..{commit(20)}" in page
    with transaction() as session:
        found = get_change(session, regression)
    assert f'href="/compare?left={found.last_run_id}&amp;right={found.first_run_id}"' in page
    assert "Items that flipped" not in page, "a latency has no items"
    beside = page.split('aria-label="Points beside the change"')[1].split("</table>")[0]
    assert (beside.count("<td>Before</td>"), beside.count("<td>After</td>")) == (5, 5)


def test_the_list_is_filtered_and_says_what_to_do_when_it_is_empty(client: TestClient, regression: str) -> None:
    for query, there in (({"state": "open"}, True), ({"state": "fixed"}, False), ({"model": "/models/other"}, False)):
        page = client.get("/regressions", headers=HTML, params=query).text
        assert (f"/regressions/{regression}" in page) is there
    assert "No regression is like that" in client.get("/regressions?state=fixed", headers=HTML).text


def test_an_empty_list_names_the_command_that_watches_a_lineage(client: TestClient) -> None:
    assert "plumbline schedules add" in client.get("/regressions", headers=HTML).text


def test_a_submitter_acknowledges_assigns_fixes_and_reopens(client_as: Clients, regression: str) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    steps = (
        ("acknowledge", {"reason": "the price of <b>correctness</b>"}, "acknowledged"),
        ("assign", {"commit": "abcdef0", "reason": ""}, "acknowledged"),
        ("fix", {"commit": "f" * 40, "reason": "reverted"}, "fixed"),
        ("reopen", {"reason": "no"}, "reopened"),
    )
    for action, typed, state in steps:
        answer = browser.post(
            f"/regressions/{regression}/{action}", data={"form_key": key, **typed}, follow_redirects=False
        )
        assert (answer.status_code, answer.headers["location"]) == (303, f"/regressions/{regression}")
        assert state_of(regression) == state
    page = browser.get(f"/regressions/{regression}").text
    assert "the price of &lt;b&gt;correctness&lt;/b&gt;" in page
    assert "<code>abcdef0</code>" in browser.get("/regressions").text


@pytest.mark.parametrize(
    ("action", "typed", "said"),
    [
        ("acknowledge", {"reason": ""}, "say why, in one line"),
        ("assign", {"commit": HOSTILE, "reason": "mine"}, "a commit is 7 to 64 hex digits"),
        ("assign", {"commit": "", "reason": "mine"}, "a commit is 7 to 64 hex digits"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed(
    client_as: Clients, regression: str, action: str, typed: dict[str, str], said: str
) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    answer = browser.post(f"/regressions/{regression}/{action}", data={"form_key": key, **typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>alert" not in answer.text
    if typed["reason"]:
        assert f'value="{typed["reason"]}"' in answer.text
    assert state_of(regression) == "open"


def test_what_is_not_legal_in_this_state_is_told(client_as: Clients, regression: str) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    typed = {"form_key": key, "commit": "abcdef0", "reason": "too early"}
    answer = browser.post(f"/regressions/{regression}/fix", data=typed)
    assert answer.status_code == 409
    assert "acknowledge it first" in answer.text
    assert "abcdef0 too early" in answer.text


def test_nobody_else_decides(client_as: Clients, regression: str) -> None:
    address = f"/regressions/{regression}/acknowledge"
    viewer, key = signed_in(client_as, TokenRole.VIEWER)
    assert "takes the role submitter" in viewer.get(f"/regressions/{regression}").text
    assert viewer.post(address, data={"form_key": key, "reason": "x"}).status_code == 403
    submitter, _ = signed_in(client_as, TokenRole.SUBMITTER)
    assert submitter.post(address, data={"form_key": key, "reason": "x"}).status_code == 403
    assert submitter.post(address, data={"reason": "x"}).status_code == 403
    assert client_as(None).post(address, data={"reason": "x"}).status_code == 401
    assert state_of(regression) == "open"


def test_the_api_assigns_too_and_refuses_it_for_improvements(client: TestClient, regression: str) -> None:
    path = f"/api/v1/regressions/{regression}"
    found = client.post(f"{path}/assign", json={"commit": "abcdef0"}).json()
    assert (found["state"], found["events"][-1]["action"], found["events"][-1]["commit"]) == (
        "open",
        "assign",
        "abcdef0",
    )
    listed = client.get(
        "/api/v1/regressions", params={"model": "/models/tiny", "metric": "ttft_p50,1 in flight"}
    ).json()
    assert [one["id"] for one in listed["items"]] == [regression]
    assert client.get("/api/v1/regressions", params={"model": "/models"}).json() == {"items": []}
