"""Replies and reactions that are to be sent to GitHub, and the sending of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.github_backoff import delay_s
from db.storable import storable
from db.tables_github import Message, Pull

_HELD_S = 60.0


class MessageKind(StrEnum):
    """A comment of ours, or a sign at somebody's."""

    REPLY = "reply"
    REACTION = "reaction"


@dataclass(frozen=True, kw_only=True)
class ToSend:
    """A message in somebody's hands. body: a reply's text, or a reaction's name ("rocket")."""

    id: int
    installation_id: int
    repository: str
    number: int
    kind: MessageKind
    body: str
    about_comment_id: int | None


def add_message(
    session: Session, pull_id: str, kind: MessageKind, body: str, *, about_comment_id: int | None = None
) -> None:
    """Keep a message until it is sent."""
    session.add(Message(pull_id=pull_id, kind=kind, body=storable(body), about_comment_id=about_comment_id))
    session.flush()


def claim_messages(session: Session, *, pull_id: str | None = None, limit: int = 20) -> list[ToSend]:
    """Take the messages that are due (pull_id: of one pull request), the oldest first."""
    due = [Message.done_at.is_(None), Message.next_try_at <= func.now()]
    if pull_id is not None:
        due.append(Message.pull_id == pull_id)
    query = select(Message, Pull).join(Pull, Pull.id == Message.pull_id).where(*due).order_by(Message.id).limit(limit)
    claimed = []
    for row, pull in session.execute(query.with_for_update(of=Message, skip_locked=True)):
        row.next_try_at = func.now() + timedelta(seconds=_HELD_S)
        claimed.append(
            ToSend(
                id=row.id,
                installation_id=pull.installation_id,
                repository=pull.repository,
                number=pull.number,
                kind=MessageKind(row.kind),
                body=row.body,
                about_comment_id=row.about_comment_id,
            )
        )
    return claimed


def message_sent(session: Session, message_id: int, posted_id: int | None) -> None:
    """Note that a message was sent; posted_id: a reply's id at GitHub."""
    row = session.get_one(Message, message_id)
    row.posted_id, row.done_at, row.last_error = posted_id, func.now(), None


def message_failed(session: Session, message_id: int, error: str, *, retry_after_s: float | None, final: bool) -> None:
    """Note why a message was not sent, and try again later; final: GitHub does not take it, and it is given up."""
    row = session.get_one(Message, message_id)
    wait = delay_s(row.tries) if retry_after_s is None else retry_after_s
    row.tries, row.last_error = row.tries + 1, storable(error)[:1000]
    row.next_try_at = func.now() + timedelta(seconds=wait)
    if final:
        row.done_at = func.now()
