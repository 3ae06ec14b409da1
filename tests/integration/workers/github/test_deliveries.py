"""Webhooks that come twice, in another order, or while GitHub is away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from db.github_deliveries import (
    DeliveryState,
    claim_delivery,
    due_deliveries,
    finish_delivery,
    forget_bodies,
    put_off_delivery,
    replay_delivery,
)
from db.session import transaction
from db.tables_github import Delivery, Message
from evals.errors import LeaseLostError
from tests.integration.workers.github.hub import Hub, delivery_of, runs, says, store, waiting_messages
from workers.github.calls import GitHubAwayError, GitHubRefusedError
from workers.github.deliveries import process
from workers.github.messages import send_messages

ALICE = {"login": "alice", "type": "User"}


def said(body: str, comment_id: int) -> dict[str, object]:
    return {"action": "created", "comment": {"id": comment_id, "body": body, "user": ALICE}}


def test_what_waits_on_a_pull_request_is_worked_at_in_its_order_whichever_message_comes_first(hub: Hub) -> None:
    first = store("issue_comment", said("/plumbline run demo", 1))
    second = store("issue_comment", said("/plumbline cancel", 2))
    process(second)
    assert [delivery_of(one).state for one in (first, second)] == ["done", "done"]
    assert [run.cancel_requested for run in runs()] == [True]


def test_two_workers_do_nothing_twice(hub: Hub) -> None:
    ids = [store("issue_comment", said(f"/plumbline run demo limit={n}", n)) for n in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(process, [*ids, *ids]))
    for one in ids:
        process(one)
    assert sorted(run.submission.limit or 0 for run in runs()) == [1, 2, 3, 4]


def test_while_github_is_away_a_command_waits_and_what_came_after_it_too(hub: Hub) -> None:
    hub.trouble = GitHubAwayError("503", retry_after_s=600.0)
    first = store("issue_comment", said("/plumbline run demo", 1))
    second = store("issue_comment", said("/plumbline run demo limit=2", 2))
    process(first)
    assert (delivery_of(first).state, delivery_of(first).outcome) == ("received", "GitHub is away: 503")
    hub.trouble = None
    process(second)
    assert runs() == []
    with transaction() as session:
        assert due_deliveries(session) == [second], "it is held up by what came before it"
        session.get_one(Delivery, first).next_try_at = delivery_of(first).received_at
    process(first)
    assert len(runs()) == 2


def test_what_github_refuses_is_given_up_and_can_be_replayed(hub: Hub) -> None:
    hub.trouble = GitHubRefusedError("there is no such pull request", status=404)
    failed = says("alice", "/plumbline run demo")
    assert (failed.state, failed.outcome) == (DeliveryState.FAILED, "there is no such pull request")
    hub.trouble = None
    with transaction() as session:
        replay_delivery(session, failed.id)
    process(failed.id)
    assert len(runs()) == 1
    with transaction() as session:
        replay_delivery(session, failed.id)
    process(failed.id)
    assert delivery_of(failed.id).outcome == "its commands were obeyed before"
    assert len(runs()) == 1


def test_an_error_of_our_own_is_tried_five_times(hub: Hub) -> None:
    hub.trouble = RuntimeError("a secret")
    broken = says("alice", "/plumbline run demo")
    assert broken.outcome == "Plumbline failed at it (RuntimeError)"
    for _ in range(4):
        with transaction() as session:
            session.get_one(Delivery, broken.id).next_try_at = broken.received_at
        process(broken.id)
    assert delivery_of(broken.id).state == DeliveryState.FAILED
    assert delivery_of(broken.id).tries == 5


def test_whoever_lost_a_delivery_writes_nothing(hub: Hub) -> None:
    one = store("issue_comment", said("/plumbline run demo", 1))
    with transaction() as session:
        slow = claim_delivery(session, one)
    assert slow is not None
    with transaction() as session:
        session.get_one(Delivery, one).next_try_at = slow.record.received_at
    process(one)
    with pytest.raises(LeaseLostError), transaction() as session:
        finish_delivery(session, slow.record, DeliveryState.DONE, "late")
    with pytest.raises(LeaseLostError), transaction() as session:
        put_off_delivery(session, slow.record, "late", retry_after_s=None)
    assert str(delivery_of(one).outcome).startswith("started")


def test_old_bodies_are_forgotten_and_then_not_replayed(hub: Hub) -> None:
    old = says("alice", "/plumbline help")
    young = says("alice", "/plumbline status")
    with transaction() as session:
        session.get_one(Delivery, old.id).received_at = old.received_at.replace(year=2020)
    with transaction() as session:
        assert forget_bodies(session) == 1
        assert session.get_one(Delivery, old.id).body is None
        assert session.get_one(Delivery, young.id).body is not None


def test_messages_are_sent_once_and_again_after_a_failure(hub: Hub) -> None:
    says("alice", "/plumbline help", comment_id=3)
    send_messages()
    send_messages()
    assert [kind for kind, _ in hub.told] == ["eyes", "rocket", "reply"]
    assert waiting_messages() == []


def test_while_github_is_away_a_round_tries_one_message_and_keeps_all(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    says("alice", "/plumbline help\n/plumbline nonsense")
    tried: list[str] = []

    def away(*words: object) -> int:
        tried.append("once")
        raise GitHubAwayError("503", retry_after_s=600.0)

    monkeypatch.setattr(hub, "reply", away)
    monkeypatch.setattr(hub, "react", away)
    send_messages()
    send_messages()
    assert len(tried) == 1
    with transaction() as session:
        for row in session.query(Message):
            row.next_try_at = row.created_at
    assert [kind for kind, _ in waiting_messages()] == ["reaction", "reaction", "reply"]
