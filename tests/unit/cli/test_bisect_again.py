"""`plumbline bisect` that goes on with the runs it has made, and the line of commits it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.commits import address_of, line_between
from evals.errors import CodeFetchError, InvalidSubmissionError
from tests.unit.cli.bisect_world import LENGTH, bisect, subject_of
from tests.unit.cli.service_double import problem


def test_a_repeated_command_finds_its_runs_and_another_or_anew_makes_new_ones(serve: Any, repository: Path) -> None:
    service = serve()
    for arguments in ([], [], ["--limit", "7"], ["--anew"]):
        assert bisect(repository, *arguments).exit_code == 0
    keys = [one.headers["idempotency-key"] for one in service.asked if "idempotency-key" in one.headers]
    first, again, limited, anew = (
        keys[start : start + len(keys) // 4] for start in range(0, len(keys), len(keys) // 4)
    )
    assert first == again
    assert not set(first) & {*limited, *anew}


def test_a_cancelled_run_that_is_found_again_is_retried(serve: Any, repository: Path) -> None:
    service = serve()
    bisect(repository)
    for made in service.runs.values():
        made["jobs"][0]["state"] = "cancelled"
    bisect(repository)
    retried = [request.url.path for request in service.asked if request.url.path.endswith("/retry")]
    assert len(retried) == len(set(service.places))


def test_a_body_that_the_service_reads_in_another_way_now_is_told_with_the_option_that_helps(
    serve: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    refusal = problem(422, "idempotency_key_reused", "this key belongs to another body", "use a new key")
    monkeypatch.setattr(service, "_submitted", lambda request: refusal)
    said = bisect(repository)
    assert said.exit_code == 2
    assert "--anew" in said.stderr


def test_the_line_follows_first_parents_and_only_from_an_ancestor(repository: Path) -> None:
    address = address_of(str(repository))
    line = line_between(address, "main~15", "main")
    assert [commit.subject for commit in line] == [subject_of(number) for number in range(LENGTH)]
    assert [commit.subject for commit in line_between("https://example.org/x", "main~1", "main", clone=repository)] == [
        "Change [bold]14",
        "Change [bold]15",
    ]
    with pytest.raises(InvalidSubmissionError, match="side came to main by a merge"):
        line_between(address, "side", "main")
    with pytest.raises(InvalidSubmissionError, match="no ancestor"):
        line_between(address, "other", "main")
    with pytest.raises(InvalidSubmissionError, match="the same"):
        line_between(address, "main", "main")
    with pytest.raises(InvalidSubmissionError, match="no commit '--help'"):
        line_between(address, "--help", "main")


def test_what_git_cannot_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmissionError, match="no commit"):
        line_between(f"file://{tmp_path}", "a", "b")
    with pytest.raises(InvalidSubmissionError, match="no repository"):
        address_of(str(tmp_path / "nothing"))
    with pytest.raises(CodeFetchError, match="git clone"):
        line_between(f"https://127.0.0.1:9/{tmp_path.name}", "a", "b")
