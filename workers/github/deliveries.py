"""Act on stored webhooks: those of one pull request in their order, each to its end exactly once."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlalchemy.exc import OperationalError

from db.github_deliveries import (
    ClaimedDelivery,
    DeliveryRecord,
    DeliveryState,
    claim_delivery,
    finish_delivery,
    hold_delivery,
    put_off_delivery,
)
from db.github_pulls import pulls_of_check
from db.session import transaction
from db.settings import Settings, settings
from evals.errors import LeaseLostError, PlumblineError
from workers.github.calls import GitHubAwayError
from workers.github.client import GitHubNotSetUpError
from workers.github.orders import Comment, effects_of_comment
from workers.github.outcome import Effects, Outcome, ignored, wake_up
from workers.github.scene import scene_of
from workers.github.triggers import effects_of_installation, effects_of_pull_request, effects_of_rerun, label_of

log = logging.getLogger(__name__)

MOST_TRIES = 5
"""After so many errors of our own a delivery is given up; while GitHub is away it waits for ever."""


def process(delivery_id: str) -> bool:
    """Act on a delivery and on those of its pull request that wait; one that is put off holds up what came after it.

    Returns False when one was put off.
    """
    while True:
        with transaction() as session:
            claimed = claim_delivery(session, delivery_id)
        if claimed is None:
            return True
        if not _done(claimed):
            return False


def _done(claimed: ClaimedDelivery) -> bool:
    record = claimed.record
    try:
        outcome = _written(record, effects_of(record, json.loads(claimed.body), settings()))
    except LeaseLostError:
        return False
    except GitHubAwayError as error:
        log.warning("delivery %s waits: %s", record.id, error)
        return _put_off(record, f"GitHub is away: {error.message}", error.retry_after_s)
    except GitHubNotSetUpError as error:
        log.error("delivery %s waits: %s", record.id, error)
        return _put_off(record, error.message, None)
    except OperationalError:
        raise
    except PlumblineError as error:
        log.warning("delivery %s fails: %s", record.id, error)
        return _given_up(record, error.message)
    except Exception as error:
        log.exception("delivery %s met an error of our own", record.id)
        why = f"Plumbline failed at it ({type(error).__name__})"
        return _given_up(record, why) if record.tries >= MOST_TRIES else _put_off(record, why, None)
    log.info("delivery %s, %s of %s: %s", record.id, record.event, record.repository, outcome.words)
    wake_up(outcome.wake)
    return True


def effects_of(record: DeliveryRecord, payload: dict[str, Any], config: Settings) -> Effects:
    """Ask GitHub for what is needed, and return what is to be written."""
    if record.event == "installation":
        return effects_of_installation(record.installation_id, record.action or "")
    if record.installation_id is None or record.repository is None:
        return ignored("it names no repository")
    if record.event in ("check_run", "check_suite"):
        return _of_check(record, payload, config)
    if record.number is None:
        return ignored("it names no pull request")
    scene = scene_of(record.installation_id, record.repository, record.number, config)
    sender = record.sender or ""
    if record.event == "issue_comment":
        said = payload["comment"]
        return effects_of_comment(scene, Comment(id=said["id"], login=said["user"]["login"], body=said["body"]))
    label = label_of(payload) if record.action == "labeled" else None
    return effects_of_pull_request(scene, record.action or "", label, sender)


def _of_check(record: DeliveryRecord, payload: dict[str, Any], config: Settings) -> Effects:
    check = payload[record.event]
    check_run_id = check["id"] if record.event == "check_run" else None
    assert record.repository is not None
    with transaction() as session:
        pulls = pulls_of_check(session, record.repository, check_run_id=check_run_id, head_sha=check["head_sha"])
    if not pulls or record.installation_id is None:
        return ignored("it is no check run of ours")
    scene = scene_of(record.installation_id, record.repository, pulls[0].number, config)
    return effects_of_rerun(scene, check["head_sha"], record.sender or "")


def _written(record: DeliveryRecord, effects: Effects) -> Outcome:
    with transaction() as session:
        hold_delivery(session, record)  # first, so that only one of two writes anything
        outcome = effects(session)
        finish_delivery(session, record, outcome.state, outcome.words)
    return outcome


def _put_off(record: DeliveryRecord, why: str, retry_after_s: float | None) -> bool:
    with transaction() as session:
        put_off_delivery(session, record, why, retry_after_s=retry_after_s)
    return False


def _given_up(record: DeliveryRecord, why: str) -> bool:
    with transaction() as session:
        finish_delivery(session, record, DeliveryState.FAILED, why)
    return True
