"""Reports, samples and logs as a client reads them."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from db.jobs import note_facts
from db.session import transaction
from db.settings import settings
from evals.spec import ModelSpec
from tests.integration.api.world import (
    PATH,
    PATTERN_BASELINE,
    PATTERN_CANDIDATE,
    SUBMISSION,
    claim,
    finished_run,
    queued_run,
)


def test_a_report_comes_as_json_and_as_markdown(client: TestClient) -> None:
    run_id = finished_run([True] * 20, [True] * 20)
    report = client.get(f"{PATH}/{run_id}/report").json()
    assert report["run_id"] == run_id
    assert report["comparisons"][0]["pairs"] == {
        "both_right": 20,
        "only_candidate": 0,
        "only_baseline": 0,
        "neither": 0,
    }
    by_query = client.get(f"{PATH}/{run_id}/report", params={"format": "markdown"})
    by_header = client.get(f"{PATH}/{run_id}/report", headers={"Accept": "text/markdown"})
    assert by_query.text == by_header.text
    assert by_query.headers["content-type"].startswith("text/markdown")
    assert f"/runs/{run_id}" in by_query.text
    section = client.get(f"{PATH}/{run_id}/report", params={"format": "pr-description"})
    assert section.headers["content-type"].startswith("text/markdown")
    assert "### Accuracy" in section.text
    assert f"/runs/{run_id}" in section.text
    both = {"params": {"format": "json"}, "headers": {"Accept": "text/markdown"}}
    assert client.get(f"{PATH}/{run_id}/report", **both).json() == report  # type: ignore[arg-type]  # a dict of options


def test_a_run_without_a_report_says_what_to_do(client: TestClient) -> None:
    run_id, _ = queued_run()
    answer = client.get(f"{PATH}/{run_id}/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_report_yet")
    assert "plumbline watch" in answer.json()["remedy"]


@pytest.mark.parametrize("rest", ["", "/report", "/samples", "/events", "/jobs/j1/log"])
def test_an_unknown_run_is_a_404_problem(client: TestClient, rest: str) -> None:
    answer = client.get(f"{PATH}/rnone{rest}")
    assert answer.status_code == 404
    assert answer.json()["code"] in ("unknown_run", "unknown_job")


def test_samples_are_filtered_by_how_the_sides_disagree(client: TestClient) -> None:
    run_id = finished_run(PATTERN_CANDIDATE, PATTERN_BASELINE)

    def ids(**query: str) -> list[int]:
        return [item["doc_id"] for item in client.get(f"{PATH}/{run_id}/samples", params=query).json()["items"]]

    assert ids() == list(range(10))
    assert ids(flip="any") == [0, 6, 7]
    assert ids(flip="lost") == [6, 7]
    assert ids(flip="gained") == [0]
    assert ids(flip="none") == [1, 2, 3, 4, 5, 8, 9]
    assert ids(unparsed="true") == [7]
    assert ids(metric="other") == []


def test_samples_are_paged_without_gaps_and_keep_their_filter(client: TestClient) -> None:
    run_id = finished_run(PATTERN_CANDIDATE, PATTERN_BASELINE)
    path, found = f"{PATH}/{run_id}/samples?limit=3&flip=none", []
    while path:
        page = client.get(path).json()
        found += [item["doc_id"] for item in page["items"]]
        path = page["next"]
    assert found == [1, 2, 3, 4, 5, 8, 9]


def test_an_unknown_workload_names_the_known_ones(client: TestClient) -> None:
    answer = client.get(f"{PATH}/{finished_run([True], [True])}/samples", params={"workload": "mmlu"})
    assert answer.status_code == 404
    assert "gsm8k" in answer.json()["remedy"]


def test_samples_of_parity_are_not_looked_for(client: TestClient) -> None:
    alone, _ = queued_run(replace(SUBMISSION, suite="parity"))
    answer = client.get(f"{PATH}/{alone}/samples")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_samples")
    assert f"plumbline report {alone}" in answer.json()["remedy"]
    mixed, _ = queued_run(replace(SUBMISSION, suite="new-model"))
    assert client.get(f"{PATH}/{mixed}/samples").json()["items"] == []
    named = client.get(f"{PATH}/{mixed}/samples", params={"workload": "parity"})
    assert (named.status_code, named.json()["code"]) == (404, "no_samples")
    unknown = client.get(f"{PATH}/{mixed}/samples", params={"workload": "x"})
    assert (unknown.json()["code"], "use one of gsm8k, mmlu") == ("unknown_workload", unknown.json()["remedy"])


def test_a_log_is_read_from_the_jobs_folder_alone(client: TestClient, tmp_path: Path) -> None:
    run_id, jobs = queued_run()
    url = f"{PATH}/{run_id}/jobs/{jobs[0].id}/log"
    assert client.get(url).json()["code"] == "no_log"
    held = claim(jobs[0])
    folder = settings().jobs_dir / jobs[0].id
    folder.mkdir(parents=True)
    (folder / "engine.log").write_text("one\ntwo\nthree\n")
    with transaction() as session:
        note_facts(session, held.lease, {}, log_path=str(folder / "engine.log"))
    answer = client.get(url, params={"tail": 2})
    assert answer.text == "two\nthree\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    offset = answer.headers["plumbline-log-offset"]
    assert client.get(url, params={"offset": offset}).text == ""
    for evil in (tmp_path / "secret", folder / ".." / ".." / ".." / "secret", Path("/etc/passwd")):
        (tmp_path / "secret").write_text("secret")
        with transaction() as session:
            note_facts(session, held.lease, {}, log_path=str(evil))
        assert client.get(url).json()["code"] == "no_log"
    other, _ = queued_run()
    assert client.get(f"{PATH}/{other}/jobs/{jobs[0].id}/log").json()["code"] == "unknown_job"
    assert client.get(f"{PATH}/{run_id}/jobs/..%2f..%2fsecret/log").status_code == 404


def test_suites_are_listed_with_their_workloads(client: TestClient) -> None:
    items = {item["name"]: item["workloads"] for item in client.get("/api/v1/suites").json()["items"]}
    assert items["demo"][0]["metric"] == "exact_match,strict-match"


def test_an_item_is_opened_with_both_answers_and_where_they_part(client: TestClient) -> None:
    run_id = finished_run(PATTERN_CANDIDATE, PATTERN_BASELINE)
    opened = client.get(f"{PATH}/{run_id}/samples/gsm8k/6").json()
    assert (opened["sample"]["doc_id"], opened["sample"]["flip"]) == (6, "lost")
    parted = opened["divergence"]
    assert (parted["unit"], parted["position"]) == ("word", 2)
    assert (parted["candidate"]["differing"], parted["baseline"]["differing"]) == (" 41", " 42")
    assert opened["sample"]["candidate"]["text"][: parted["character"]] == "So ####"
    assert client.get(f"{PATH}/{run_id}/samples/gsm8k/1").json()["divergence"] is None


def test_the_models_own_tokenizer_tells_the_tokens_where_it_lies_here(client: TestClient) -> None:
    demo = Path(__file__).resolve().parents[3] / "demo" / "demo-llm"
    run_id = finished_run([False], [True], submission=replace(SUBMISSION, model=ModelSpec(path=str(demo))))
    parted = client.get(f"{PATH}/{run_id}/samples/gsm8k/0").json()["divergence"]
    assert parted["unit"] == "token"
    assert parted["candidate"]["before"] + parted["candidate"]["differing"] == "So #### 41"


@pytest.mark.parametrize("item", ["gsm8k/99", "other/6", "gsm8k/6?metric=other"])
def test_an_item_that_was_not_judged_is_a_404_problem(client: TestClient, item: str) -> None:
    run_id = finished_run(PATTERN_CANDIDATE, PATTERN_BASELINE)
    answer = client.get(f"{PATH}/{run_id}/samples/{item}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item")
    assert "plumbline samples" in answer.json()["remedy"]
