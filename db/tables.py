"""The tables. Postgres is the truth; messages are only wake-ups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Hold the metadata that Alembic compares with the database."""

    type_annotation_map = {Json: JSONB, list[Any]: JSONB, datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012 - SQLAlchemy's form


class Token(Base):
    """An API token; only the SHA-256 of its secret part is kept."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    secret_sha256: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class BrowserSession(Base):
    """A browser's sign-in with a token; only the SHA-256 of its secret is kept."""

    __tablename__ = "browser_sessions"
    secret_sha256: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[str] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class Run(Base):
    """One accepted submission."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("token_id", "idempotency_key"),
        Index("runs_open", "id", postgresql_where=text("state <> 'finished'")),
        Index("runs_by_verdict", "verdict", "id"),
        Index("runs_by_tag", text("(submission -> 'tags')"), postgresql_using="gin"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    submission: Mapped[Json]
    state: Mapped[str]
    verdict: Mapped[str | None]
    headline: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    token_id: Mapped[str | None] = mapped_column(ForeignKey("tokens.id"))
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reporting_since: Mapped[datetime | None]


class Job(Base):
    """One start of an engine for some workloads: what is queued, claimed and tried again.

    attempt counts starts, failures retryable errors, losses workers that died. lease_token fences every write of
    the worker that holds the job. progress: {workload: {done, total, right, scored}}. timeline: [{"phase",
    "attempt", "at"}] with Unix seconds. facts: what was true when it ran (versions, hardware, checksums).
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_by_state", "state", "created_at"), Index("jobs_by_run", "run_id"))
    id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    role: Mapped[str]
    spec: Mapped[Json]
    queue: Mapped[str]
    state: Mapped[str]
    phase: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    losses: Mapped[int] = mapped_column(server_default=text("0"))
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    lease_token: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    worker: Mapped[str | None]
    progress: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    timeline: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    facts: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    error: Mapped[Json | None]
    log_path: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    enqueued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class DeviceHold(Base):
    """A GPU or CPU slot of a host that a running job holds; a hold is void once its job's lease is."""

    __tablename__ = "device_holds"
    host: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    lease_token: Mapped[str]


class Prompt(Base):
    """A prompt's text, kept once however many responses it has."""

    __tablename__ = "prompts"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class StoredResponse(Base):
    """An engine's answer, saved as it arrived; timestamps are Unix seconds.

    request_sha256: over all that the request decides (see evals.accuracy.questions.Question). log_probabilities,
    greedy: one entry for each continuation of a log-likelihood question. reused_from: the job that asked for it, when
    it was another.
    """

    __tablename__ = "responses"
    __table_args__ = (Index("responses_by_request", "request_sha256"),)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    workload: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    doc_id: Mapped[int] = mapped_column(primary_key=True)
    request_index: Mapped[int] = mapped_column(primary_key=True)
    repeat: Mapped[int] = mapped_column(primary_key=True)
    prompt_sha256: Mapped[str]
    text: Mapped[str]
    finish_reason: Mapped[str | None]
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    sent_at: Mapped[float]
    ended_at: Mapped[float]
    attempts: Mapped[int]
    attempt: Mapped[int]
    request_sha256: Mapped[str | None]
    reasoning: Mapped[str | None]
    log_probabilities: Mapped[list[Any] | None]
    greedy: Mapped[list[Any] | None]
    reused_from: Mapped[str | None]


class StoredScore(Base):
    """The judgement of one answer to an item under one metric."""

    __tablename__ = "scores"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    workload: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    doc_id: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    repeat: Mapped[int] = mapped_column(primary_key=True, server_default=text("0"))
    value: Mapped[float]
    parsed: Mapped[bool]
    extracted: Mapped[str | None]
    gold: Mapped[str]
    prompt_sha256: Mapped[str]
    how: Mapped[str | None]


class StoredObservation(Base):
    """What a parity workload heard from its server, saved as it arrived.

    kind: which part of an observation it is (see db.observations). prompt: empty for what concerns all of them. body:
    packed values, which no query looks into.
    """

    __tablename__ = "observations"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    workload: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    prompt: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    body: Mapped[bytes]


class StoredPass(Base):
    """One pass of one side of a serving workload, saved when it was over; every attempt at a job has its own.

    started_s: Unix seconds; they tell a spoiled pass from the one that repeats it. body: packed values. raw: what the
    client recorded of every request, compressed.
    """

    __tablename__ = "passes"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    workload: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    started_s: Mapped[float] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    raw: Mapped[bytes]


class StoredReport(Base):
    """A run's report as it was when all its jobs had ended; a retried run gets a further one, a rescored one too."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("run_id", "number"),)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    number: Mapped[int]
    verdict: Mapped[str]
    scorer: Mapped[str | None]
    body: Mapped[Json] = mapped_column(JSON)  # not JSONB: what was saved keeps its order
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
