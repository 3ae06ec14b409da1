"""The tables of the bot on GitHub: what came, what was obeyed, what is evaluated, and what is to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base

_NOW = func.now()


class Delivery(Base):
    """A webhook as it came; the body is kept for replays until it is old, and its hash for ever.

    id: GitHub's X-GitHub-Delivery. state: see `db.github_deliveries.DeliveryState`. outcome: what was made of it, in
    words. next_try_at: when it may be worked at (again); whoever works at it moves it on first.
    """

    __tablename__ = "github_deliveries"
    __table_args__ = (
        Index("github_deliveries_by_state", "state", "next_try_at"),
        Index("github_deliveries_by_pull", "repository", "number"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str]
    action: Mapped[str | None]
    installation_id: Mapped[int | None] = mapped_column(BigInteger)
    repository: Mapped[str | None]
    number: Mapped[int | None]
    sender: Mapped[str | None]
    body: Mapped[bytes | None]
    body_sha256: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    outcome: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    received_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    next_try_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    processed_at: Mapped[datetime | None]


class Pull(Base):
    """A pull request that the bot was asked about, and its comment: what was posted last, and when to post next.

    head_sha: the head when it was read last. comment_sha256: of the comment's text as it was posted.
    old_comment_ids: our earlier comments. changed_at: when there was last something new to tell, runs apart. told_at:
    of when everything was told, and all runs had finished. posting_since, posting_until: whoever posts holds the row.
    """

    __tablename__ = "github_pulls"
    __table_args__ = (UniqueConstraint("repository", "number"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    installation_id: Mapped[int] = mapped_column(BigInteger)
    repository: Mapped[str]
    number: Mapped[int]
    head_sha: Mapped[str]
    is_fork: Mapped[bool]
    state: Mapped[str]
    read_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    comment_id: Mapped[int | None] = mapped_column(BigInteger)
    comment_sha256: Mapped[str | None]
    old_comment_ids: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    changed_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    told_at: Mapped[datetime | None]
    posting_since: Mapped[datetime | None]
    posting_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]


class Head(Base):
    """A commit that was the head of a pull request when it was evaluated, and its check run."""

    __tablename__ = "github_heads"
    pull_id: Mapped[str] = mapped_column(ForeignKey("github_pulls.id"), primary_key=True)
    head_sha: Mapped[str] = mapped_column(primary_key=True)
    check_run_id: Mapped[int | None] = mapped_column(BigInteger)
    check_sha256: Mapped[str | None]
    is_settled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class Evaluation(Base):
    """A run that was made for a pull request's head.

    evaluation: the hash of what was asked for, which tells it from others of the same head. why: "comment",
    "label NAME" or "path PATTERN". comment_id: of the comment that asked for it.
    """

    __tablename__ = "github_evaluations"
    __table_args__ = (Index("github_evaluations_by_pull", "pull_id", "head_sha"),)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    pull_id: Mapped[str] = mapped_column(ForeignKey("github_pulls.id"))
    head_sha: Mapped[str]
    evaluation: Mapped[str]
    asked_by: Mapped[str]
    comment_id: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class Approval(Base):
    """A commit of a fork that a maintainer's command named, so that its code may run."""

    __tablename__ = "github_approvals"
    pull_id: Mapped[str] = mapped_column(ForeignKey("github_pulls.id"), primary_key=True)
    head_sha: Mapped[str] = mapped_column(primary_key=True)
    approved_by: Mapped[str]
    comment_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=_NOW)


class Order(Base):
    """A command that was obeyed or refused, once however often its comment is delivered. place: in its comment."""

    __tablename__ = "github_orders"
    pull_id: Mapped[str] = mapped_column(ForeignKey("github_pulls.id"), primary_key=True)
    comment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    verb: Mapped[str]
    asked_by: Mapped[str]
    outcome: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=_NOW)


class Message(Base):
    """A reply or a reaction that is to be sent. kind: "reply" or "reaction". body: its text, or the reaction's name.

    about_comment_id: what is reacted to. posted_id: the reply's id at GitHub. done_at: when it was sent, or given up.
    """

    __tablename__ = "github_messages"
    __table_args__ = (Index("github_messages_by_time", "done_at", "next_try_at"),)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    pull_id: Mapped[str] = mapped_column(ForeignKey("github_pulls.id"))
    kind: Mapped[str]
    body: Mapped[str]
    about_comment_id: Mapped[int | None] = mapped_column(BigInteger)
    posted_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    next_try_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
