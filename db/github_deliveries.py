"""Webhooks as GitHub delivered them: stored before they are answered, worked at in their order, once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.github_backoff import delay_s
from db.storable import storable
from db.tables_github import Delivery
from evals.errors import LeaseLostError, PlumblineError

PREFIX = "/plumbline"
"""How a command in a comment begins."""

HELD_S = 120.0
"""How long whoever works at a delivery has it for himself."""

KEPT = timedelta(days=30)
"""How long bodies are kept for replays."""


class DeliveryState(StrEnum):
    """RECEIVED: not worked at to its end. IGNORED: by rule. FAILED: given up."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class UnknownDeliveryError(PlumblineError):
    """No delivery has this id, or its body is no longer kept."""

    code = "unknown_delivery"


@dataclass(frozen=True, kw_only=True)
class NewDelivery:
    """A webhook that is to be stored. ignored: why nothing will come of it; its body is not kept then."""

    id: str
    event: str
    action: str | None
    installation_id: int | None
    repository: str | None
    number: int | None
    sender: str | None
    body: bytes
    ignored: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """A stored webhook, without its body; see db.tables_github.Delivery for what the values hold."""

    id: str
    event: str
    action: str | None
    installation_id: int | None
    repository: str | None
    number: int | None
    sender: str | None
    state: DeliveryState
    outcome: str | None
    tries: int
    received_at: datetime
    next_try_at: datetime
    processed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClaimedDelivery:
    """A delivery in somebody's hands; its tries fence what is written about it."""

    record: DeliveryRecord
    body: bytes


def store_delivery(session: Session, new: NewDelivery) -> bool:
    """Store a delivery; return False, and store nothing, when its id or the same body came before."""
    state = DeliveryState.IGNORED if new.ignored else DeliveryState.RECEIVED
    values = {
        "id": new.id,
        "event": new.event,
        "action": storable(new.action),
        "installation_id": new.installation_id,
        "repository": storable(new.repository),
        "number": new.number,
        "sender": storable(new.sender),
        "body": None if new.ignored else new.body,
        "body_sha256": hashlib.sha256(new.body).hexdigest(),
        "state": state,
        "outcome": new.ignored,
        "processed_at": func.now() if new.ignored else None,
    }
    stored = session.execute(insert(Delivery).values(values).on_conflict_do_nothing().returning(Delivery.id))
    return stored.first() is not None


def claim_delivery(session: Session, delivery_id: str) -> ClaimedDelivery | None:
    """Take the oldest delivery of the same pull request that is not done, which may be another one.

    None when there is none, when it waits for its next try, or when somebody else works at it.
    """
    wanted = session.get(Delivery, delivery_id)
    if wanted is None:
        return None
    query = select(Delivery).where(Delivery.state == DeliveryState.RECEIVED)
    if wanted.repository is None or wanted.number is None:
        query = query.where(Delivery.id == delivery_id)
    else:
        query = query.where(Delivery.repository == wanted.repository, Delivery.number == wanted.number)
    row = session.scalar(query.order_by(Delivery.received_at, Delivery.id).limit(1).with_for_update())
    now = session.scalar(select(func.now()))
    if row is None or row.body is None or now is None or row.next_try_at > now or row.state != DeliveryState.RECEIVED:
        return None
    row.tries += 1
    row.next_try_at = now + timedelta(seconds=HELD_S)
    session.flush()
    return ClaimedDelivery(record=_record(row), body=row.body)


def hold_delivery(session: Session, claimed: DeliveryRecord) -> None:
    """Lock a delivery until the transaction ends; raise LeaseLostError when it went to somebody else, or is done."""
    _held(session, claimed)


def finish_delivery(session: Session, claimed: DeliveryRecord, state: DeliveryState, outcome: str) -> None:
    """Note what was made of a delivery; raises like `hold_delivery`."""
    row = _held(session, claimed)
    row.state, row.outcome, row.processed_at = state, storable(outcome)[:2000], func.now()


def put_off_delivery(session: Session, claimed: DeliveryRecord, why: str, *, retry_after_s: float | None) -> None:
    """Let a delivery wait: for as long as GitHub says, else twice as long each time."""
    row = _held(session, claimed)
    wait = delay_s(row.tries - 1) if retry_after_s is None else retry_after_s
    row.outcome, row.next_try_at = storable(why)[:2000], func.now() + timedelta(seconds=wait)


def due_deliveries(session: Session, *, limit: int = 100) -> list[str]:
    """Return the ids of deliveries that may be worked at now, the oldest first."""
    due = Delivery.state == DeliveryState.RECEIVED, Delivery.next_try_at <= func.now()
    return list(session.scalars(select(Delivery.id).where(*due).order_by(Delivery.received_at).limit(limit)))


def list_deliveries(session: Session, *, state: DeliveryState | None = None, limit: int = 50) -> list[DeliveryRecord]:
    """Return deliveries, the newest first."""
    query = select(Delivery) if state is None else select(Delivery).where(Delivery.state == state)
    return [_record(row) for row in session.scalars(query.order_by(Delivery.received_at.desc()).limit(limit))]


def replay_delivery(session: Session, delivery_id: str) -> DeliveryRecord:
    """Let a delivery be worked at once more; commands that were obeyed are not obeyed again.

    Raises UnknownDeliveryError.
    """
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None or row.body is None:
        what = f"there is no delivery {delivery_id!r}" if row is None else f"the body of {delivery_id!r} is not kept"
        raise UnknownDeliveryError(what, remedy="list them with `plumbline github deliveries`")
    row.state, row.tries, row.processed_at = DeliveryState.RECEIVED, 0, None
    row.next_try_at = func.now()
    session.flush()
    session.refresh(row)
    return _record(row)


def forget_bodies(session: Session) -> int:
    """Drop the bodies of deliveries that are done and old, and all of ignored ones; return how many were touched."""
    old = Delivery.received_at < func.now() - KEPT
    ended = Delivery.state != DeliveryState.RECEIVED
    bodies = session.execute(
        update(Delivery).where(old, ended, Delivery.body.is_not(None)).values(body=None).returning(Delivery.id)
    )
    gone = session.execute(delete(Delivery).where(old, Delivery.state == DeliveryState.IGNORED).returning(Delivery.id))
    return len(bodies.all()) + len(gone.all())


def _held(session: Session, claimed: DeliveryRecord) -> Delivery:
    row = session.get_one(Delivery, claimed.id, with_for_update=True)
    if row.state != DeliveryState.RECEIVED or row.tries != claimed.tries:
        raise LeaseLostError(f"delivery {claimed.id} is no longer ours", remedy="nothing: another worker goes on")
    return row


def _record(row: Delivery) -> DeliveryRecord:
    values = {
        column.key: getattr(row, column.key)
        for column in Delivery.__table__.columns
        if column.key not in ("body", "body_sha256", "state")
    }
    return DeliveryRecord(**values, state=DeliveryState(row.state))
