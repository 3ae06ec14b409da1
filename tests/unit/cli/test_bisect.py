"""`plumbline bisect` over a small real repository, against a double of the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.cli.bisect_world import LENGTH, PLANTED, bisect


def test_the_first_bad_commit_is_named_with_both_runs_beside_it(serve: Any, repository: Path) -> None:
    service = serve()
    done = bisect(repository, "--suite", "gsm8k", "--limit", "50")
    assert done.exit_code == 0, done.output
    assert f"The first bad commit is {service.shas[PLANTED]}" in done.output
    assert "Change [bold]9" in done.output
    assert "Ann, 2026-01-01" in done.output
    assert "commit 9 says fail" in done.output
    assert "commit 8 says pass" in done.output
    body = json.loads(service.asked[0].content)
    assert body["candidate"]["source"] == f"git:file://{repository}@{service.shas[service.places[0]]}"
    assert (body["suite"], body["limit"]) == ("gsm8k", 50)


def test_a_package_of_the_repository_is_bisected_as_a_package(serve: Any, repository: Path) -> None:
    service = serve()
    done = bisect(repository, "--package", "src/mine/", "--architectures", "Mine")
    assert done.exit_code == 0, done.output
    candidate = json.loads(service.asked[0].content)["candidate"]
    sha = service.shas[service.places[0]]
    assert candidate["external_package"] == f"git+file://{repository}@{sha}#subdirectory=src/mine"
    assert "source" not in candidate


def test_steps_that_decide_nothing_are_passed_by(serve: Any, repository: Path) -> None:
    service = serve(others={7: "error", 10: "inconclusive"})
    done = bisect(repository, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["first_bad"]["sha"] == service.shas[PLANTED]
    assert [step["place"] for step in found["steps"]] == service.places
    assert 7 in service.places


def test_what_cannot_be_narrowed_down_is_a_range_with_its_reason(serve: Any, repository: Path) -> None:
    service = serve(others={8: "error", 9: "incomparable"})
    done = bisect(repository)
    assert done.exit_code == 2
    assert "gave neither pass nor fail" in done.output
    for place in (8, 9, 10):
        assert f"  {service.shas[place][:12]}" in done.output
    few = bisect(repository, "--runs", "2", "--json")
    assert few.exit_code == 2
    assert json.loads(few.stdout)["why"] == "no further runs are permitted"
    assert len(json.loads(few.stdout)["steps"]) == 2


def test_ends_are_run_only_when_they_shall_be(serve: Any, repository: Path) -> None:
    service = serve(planted=99)
    done = bisect(repository, "--verify")
    assert done.exit_code == 2
    assert "the bad end passes" in done.output
    assert service.places == [LENGTH - 1]
    service = serve(planted=1)
    assert "taken as good without a run" in bisect(repository).output
    assert not {0, LENGTH - 1} & set(service.places)
