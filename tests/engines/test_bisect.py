"""`plumbline bisect` over a local repository, with a real run of real engines at every step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.drifting_package import DriftingPackage
from tests.engines.service import DEMO_MODEL, Service, free_port

pytestmark = [pytest.mark.engines, pytest.mark.slow]

PLANTED = 21


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> DriftingPackage:
    return DriftingPackage(tmp_path_factory.mktemp("repository"), length=32, planted=PLANTED)


@pytest.fixture(scope="module")
def service(
    engines_home: Path, repository: DriftingPackage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("bisect-home")
    (home / "engines").symlink_to(engines_home / "engines")
    service = Service(home=home, port=free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_CODE_REPOSITORIES", str(repository.bare.parent))
        with service.up():
            yield service


def test_the_planted_commit_among_32_is_named_in_at_most_seven_runs(
    service: Service, repository: DriftingPackage
) -> None:
    where = ["--repo", str(repository.bare), "--package", repository.package]
    ends = ["--good", repository.commits[0], "--bad", "main", "--verify"]
    what = ["--model", str(DEMO_MODEL), "--architectures", repository.architecture, "--limit", "100"]
    command = ["bisect", *where, *ends, *what, "--json"]
    done = service.command(*command, timeout_s=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["first_bad"]["sha"] == repository.commits[PLANTED]
    assert found["first_bad"]["subject"] == "Stretch the frequencies"
    assert len(found["steps"]) <= 7
    assert {step["verdict"] for step in found["steps"]} == {"pass", "fail"}
    reports = [service.report(step["run_id"]) for step in found["steps"]]
    assert all(report["baseline"]["reused"] for report in reports[1:]), "the baseline is asked once"
    again = json.loads(service.command(*command).stdout)
    assert [step["run_id"] for step in again["steps"]] == [step["run_id"] for step in found["steps"]]
