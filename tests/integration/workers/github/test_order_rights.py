"""Commands in comments: who may give them, and what a fork's code waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.github_pulls import find_pull, is_approved
from db.session import transaction
from db.settings import settings
from tests.integration.workers.github.hub import FORKED, HEAD, NEXT, Hub, runs, says, waiting_messages
from tests.integration.workers.github.orders_world import ended


def test_a_folder_runs_only_below_what_the_operator_has_opened(hub: Hub, tmp_path: Path) -> None:
    says("alice", f"/plumbline run demo model={tmp_path}/models/small")
    says("alice", f"/plumbline run demo model={tmp_path}/models/../secret")
    assert [run.submission.model.path for run in runs()] == [f"{tmp_path}/models/small"]


def test_code_that_the_operator_does_not_permit_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_CODE_REPOSITORIES", "https://github.com/other")
    settings.cache_clear()
    assert "no repository from which this service fetches" in str(says("alice", "/plumbline run demo").outcome)
    assert runs() == []


@pytest.mark.parametrize("login", ["nobody", "reader", "tom"])
def test_a_stranger_starts_nothing_and_is_told_why_once(hub: Hub, login: str) -> None:
    hub.roles["reader"] = "read"
    says(login, "/plumbline run demo")
    assert [kind for kind, _ in waiting_messages()] == ["reaction", "reply"]
    says(login, "/plumbline cancel\n/plumbline promote")
    assert waiting_messages() == [("reaction", "-1")]
    assert runs() == []
    assert hub.told == []


@pytest.mark.parametrize("login", ["alice", "maria", "helper", "HELPER", "Listed"])
def test_permission_or_a_list_lets_somebody_ask(hub: Hub, login: str) -> None:
    says(login, "/plumbline run demo")
    assert len(runs()) == 1


def test_a_forks_code_waits_for_a_maintainer_who_names_its_head(hub: Hub) -> None:
    hub.fork()
    for login, words in (("alice", ""), ("maria", ""), ("alice", f" head={FORKED}"), ("listed", f" head={FORKED}")):
        says(login, f"/plumbline run demo{words}")
    says("maria", f"/plumbline run demo head={HEAD}")
    assert says("maria", f"/plumbline run demo head={FORKED[:12]}").outcome == f"{FORKED[:12]!r} is no whole commit"
    assert runs() == []
    replies = [body for kind, body in waiting_messages() if kind == "reply"]
    assert f"/plumbline run demo head={FORKED}" in replies[0]
    says("maria", f"/plumbline run demo head={FORKED}")
    (run,) = runs()
    assert run.submission.candidate.source == f"git:https://github.com/org/engine@{FORKED}"
    says("alice", "/plumbline run demo limit=3")
    assert len(runs()) == 2, "the approved head is approved for all who may ask"


def test_a_push_to_a_fork_needs_a_new_approval_and_ends_what_ran(hub: Hub) -> None:
    hub.fork()
    says("maria", f"/plumbline run demo head={FORKED}")
    hub.fork(NEXT)
    assert "the fork's head is not approved" in str(says("alice", "/plumbline run demo").outcome)
    assert [run.cancel_requested for run in runs()] == [True]
    with transaction() as session:
        pull = find_pull(session, "org/engine", 12)
        assert pull is not None
        assert is_approved(session, pull.id, FORKED)
        assert not is_approved(session, pull.id, NEXT)


def test_a_head_that_was_pushed_meanwhile_is_not_what_was_named(hub: Hub) -> None:
    hub.fork(NEXT)
    assert "is not the head" in str(says("maria", f"/plumbline run demo head={FORKED}").outcome)
    assert runs() == []


def test_promote_takes_a_maintainer(hub: Hub) -> None:
    says("alice", "/plumbline run demo")
    assert says("alice", "/plumbline promote").outcome == "no maintainer"
    assert says("maria", "/plumbline promote").outcome == "nothing to promote"
    ended(runs()[0])
    assert "no whole result to promote" in str(says("maria", "/plumbline promote reason=good").outcome)
