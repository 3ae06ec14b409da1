"""The page about baselines: what it shows, who promotes and demotes, and what a refusal keeps."""

from __future__ import annotations

from fastapi.testclient import TestClient

from db.baselines import list_baselines
from db.session import transaction
from db.tokens import TokenRole
from tests.integration.api.browsing import Clients, signed_in
from tests.integration.workers.baseline_world import PLAIN, finished

HTML = {"Accept": "text/html"}


def accepted() -> list[str]:
    with transaction() as session:
        return [one.result.run_id for one in list_baselines(session)]


def test_a_maintainer_promotes_and_demotes_with_reasons(client_as: Clients) -> None:
    run_id, _ = finished(PLAIN)
    browser, key = signed_in(client_as, TokenRole.MAINTAINER)
    assert "No result is accepted" in browser.get("/baselines").text
    typed = {"form_key": key, "run": run_id, "workload": "", "reason": "the <b>release</b> of May"}
    answer = browser.post("/baselines/promote", data=typed, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/baselines")
    assert accepted() == [run_id]
    page = browser.get("/baselines").text
    assert "the &lt;b&gt;release&lt;/b&gt; of May" in page
    assert 'class="chip pass">Passed</span>' in page
    typed |= {"workload": "gsm8k", "reason": "it was wrong"}
    assert browser.post("/baselines/demote", data=typed, follow_redirects=False).status_code == 303
    assert accepted() == []
    log = browser.get("/baselines").text.split("Promotions and demotions")[-1]
    assert log.index("it was wrong") < log.index("release")


def test_a_refusal_keeps_what_was_typed(client_as: Clients) -> None:
    run_id, _ = finished(PLAIN)
    browser, key = signed_in(client_as, TokenRole.MAINTAINER)
    typed = {"form_key": key, "run": run_id, "workload": "nothing", "reason": "good"}
    answer = browser.post("/baselines/promote", data=typed)
    assert answer.status_code == 409
    assert "has no whole result to promote" in answer.text
    assert f'value="{run_id}"' in answer.text
    assert 'value="nothing"' in answer.text
    answer = browser.post("/baselines/promote", data=typed | {"workload": "", "reason": " "})
    assert answer.status_code == 422
    assert "say why, in one line" in answer.text
    answer = browser.post("/baselines/promote", data=typed | {"run": '"><script>alert(1)</script>'})
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert accepted() == []


def test_a_failed_run_is_promoted_only_when_that_is_meant(client_as: Clients) -> None:
    run_id, report = finished(PLAIN, wrong=300)
    assert report.verdict == "fail"
    browser, key = signed_in(client_as, TokenRole.MAINTAINER)
    typed = {"form_key": key, "run": run_id, "reason": "known"}
    answer = browser.post("/baselines/promote", data=typed)
    assert answer.status_code == 409
    assert "the verdict about gsm8k is fail" in answer.text.lower()
    meant = browser.post("/baselines/promote", data=typed | {"despite_verdict": "yes"}, follow_redirects=False)
    assert meant.status_code == 303
    assert accepted() == [run_id]


def test_nobody_else_promotes_or_demotes(client_as: Clients) -> None:
    run_id, _ = finished(PLAIN)
    for role in (TokenRole.VIEWER, TokenRole.SUBMITTER):
        browser, key = signed_in(client_as, role)
        assert "takes the role maintainer" in browser.get("/baselines").text
        for verb in ("promote", "demote"):
            typed = {"form_key": key, "run": run_id, "reason": "x"}
            assert browser.post(f"/baselines/{verb}", data=typed).status_code == 403
    maintainer, _ = signed_in(client_as, TokenRole.MAINTAINER)
    assert maintainer.post("/baselines/promote", data={"run": run_id, "reason": "x"}).status_code == 403
    assert accepted() == []


def test_filters_choose_lineages(client: TestClient) -> None:
    assert "No result is accepted here" in client.get("/baselines?model=/models/none", headers=HTML).text
