"""What happens without a command: labels, paths, pushes, closings, re-runs, and the end of an installation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from db.github_posting import claim_posting, finish_posting, note_check_run
from db.github_pulls import PullRecord, find_pull, pulls_to_read
from db.session import transaction
from db.tables_github import Pull
from tests.integration.workers.github.hub import (
    BASE,
    FORKED,
    HEAD,
    NEXT,
    REPOSITORY,
    Hub,
    comes,
    happens,
    runs,
    says,
    waiting_messages,
)
from tests.integration.workers.github.test_orders import ended
from workers.github.calls import GitHubAwayError
from workers.github.refresh import read_again


def the_pull() -> PullRecord:
    with transaction() as session:
        found = find_pull(session, REPOSITORY, 12)
    assert found is not None
    return found


def test_a_label_of_the_repositorys_settings_starts_its_evaluation_once(hub: Hub) -> None:
    hub.pull = replace(hub.pull, labels=("evaluate", "bug"))
    happens("labeled", label="bug")
    assert runs() == []
    happens("labeled", label="evaluate")
    (run,) = runs()
    assert run.submission.candidate.source.endswith(HEAD)
    ended(run)
    happens("labeled", label="evaluate")
    assert len(runs()) == 1
    hub.push()
    happens("synchronize")
    assert [run.submission.candidate.source[-40:] for run in runs()] == [HEAD, NEXT]


def test_a_label_counts_if_it_is_there_and_whoever_put_it_on_may_ask(hub: Hub) -> None:
    happens("labeled", label="evaluate")
    hub.pull = replace(hub.pull, labels=("evaluate",))
    happens("labeled", label="evaluate", sender="tom")
    assert runs() == []


def test_a_path_starts_its_evaluation(hub: Hub) -> None:
    hub.paths = ("docs/x.md",)
    happens("opened")
    assert runs() == []
    hub.paths = ("docs/x.md", "models/new.py")
    assert "path models/*: started" in str(happens("synchronize").outcome)


def test_a_forks_label_waits_for_a_maintainer_and_its_paths_start_nothing(hub: Hub) -> None:
    hub.fork()
    hub.paths, hub.pull = ("models/new.py",), replace(hub.pull, labels=("evaluate",))
    happens("opened", sender="stranger")
    happens("synchronize", sender="stranger")
    assert waiting_messages() == []
    happens("labeled", label="evaluate", sender="maria")
    assert runs() == []
    assert f"/plumbline run demo head={FORKED}" in dict(waiting_messages())["reply"]


def test_a_push_and_a_closing_cancel_what_has_become_pointless(hub: Hub) -> None:
    says("alice", "/plumbline run demo")
    hub.push()
    assert happens("synchronize").outcome == "cancelled 1 run(s)"
    says("alice", "/plumbline run demo")
    hub.pull = replace(hub.pull, state="closed")
    happens("closed")
    assert [run.cancel_requested for run in runs()] == [True, True]


def test_an_old_push_that_is_told_late_cancels_nothing(hub: Hub) -> None:
    hub.push()
    says("alice", "/plumbline run demo")
    happens("synchronize")
    happens("closed")
    assert [run.cancel_requested for run in runs()] == [False]


def test_a_push_that_is_never_told_is_found_by_reading_again(hub: Hub) -> None:
    says("alice", "/plumbline run demo")
    hub.push()
    with transaction() as session:
        pull = session.query(Pull).one()
        pull.read_at = pull.read_at - timedelta(hours=1)
    with transaction() as session:
        (stale,) = pulls_to_read(session, older_than_s=300)
    hub.trouble = GitHubAwayError("503")
    assert not read_again(stale)
    with transaction() as session:
        assert pulls_to_read(session, older_than_s=300) == [], "it is not asked again at once"
    assert [run.cancel_requested for run in runs()] == [False]
    hub.trouble = None
    assert read_again(stale)
    assert [run.cancel_requested for run in runs()] == [True]
    with transaction() as session:
        assert pulls_to_read(session, older_than_s=-1) == []


def test_a_broken_file_on_the_base_branch_stops_triggers_and_says_so_to_whoever_labels(hub: Hub) -> None:
    hub.files[(".plumbline.yml", BASE)] = b"version: 2\n"
    hub.pull = replace(hub.pull, labels=("evaluate",))
    happens("opened")
    assert waiting_messages() == []
    happens("labeled", label="evaluate")
    assert "is wrong at version" in dict(waiting_messages())["reply"]


def _checked(hub: Hub, check_run_id: int) -> None:
    with transaction() as session:
        pull = the_pull()
        assert claim_posting(session, pull.id)
        head = hub.pull.head_sha
        note_check_run(session, pull.id, head_sha=head, check_run_id=check_run_id, sha256="x", is_settled=False)
        finish_posting(session, pull.id, is_settled=False, again_in_s=0)


def _rerequested(check_run_id: int, head: str, sender: str = "alice") -> str:
    check = {"id": check_run_id, "head_sha": head, "pull_requests": []}
    return str(comes("check_run", {"action": "rerequested", "check_run": check}, sender=sender).outcome)


def test_re_run_repeats_what_failed_or_else_everything(hub: Hub) -> None:
    says("alice", "/plumbline run demo\n/plumbline run demo limit=3")
    _checked(hub, 55)
    failed, passed = runs()
    ended(failed, "fail")
    ended(passed)
    assert _rerequested(55, HEAD, "nobody") == "re-run asked for by a stranger"
    assert _rerequested(56, HEAD) == "it is no check run of ours"
    assert _rerequested(55, HEAD) == "repeated 1 run(s)"
    ended(runs()[2])
    assert _rerequested(55, HEAD) == "repeated 2 run(s)"
    suite = {"id": 1, "head_sha": HEAD}
    assert comes("check_suite", {"action": "rerequested", "check_suite": suite}, sender="alice").state == "done"


@pytest.mark.parametrize("action", ["deleted", "suspend"])
def test_an_app_that_is_taken_away_stops_its_runs(hub: Hub, action: str) -> None:
    says("alice", "/plumbline run demo")
    comes("installation", {"action": action}, sender="maria")
    assert [run.cancel_requested for run in runs()] == [True]
