"""Fill a Postgres: runs through the service's own verbs, samples by INSERT ... SELECT out of the prepared answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.dashboard_load.answers import SIDES, Prepared, answer, prepared, prompt, prompt_sha
from benchmarks.dashboard_load.plan import ITEMS, PlannedRun, planned
from benchmarks.dashboard_load.rows import write_run
from db.history import points_to_read
from db.level_changes import record_changes
from db.series import series_of
from db.session import engine, transaction
from db.tables import Prompt
from evals.history.series import changes_in

Note = tuple[str, str, int, str, float, int]
"""A job's id, a workload of it, its variant, the side, when it began, and the batch in which it is written."""

_AT_ONCE = 50
_PREPARED = ("workload", "variant", "side", "task", "doc_id", "metric", "value", "parsed", "extracted", "gold",
             "prompt_sha256", "text", "request_sha256")  # fmt: skip
_RESPONSES = """
INSERT INTO responses (job_id, workload, task, doc_id, request_index, repeat, prompt_sha256, text, finish_reason,
  prompt_tokens, completion_tokens, sent_at, ended_at, attempts, attempt, request_sha256)
SELECT j.job_id, a.workload, a.task, a.doc_id, 0, 0, a.prompt_sha256, a.text, 'stop', 92, length(a.text) / 4,
  j.began + a.doc_id, j.began + a.doc_id + 0.4 + length(a.text) / 200.0, 1, 1, a.request_sha256
FROM load_jobs j JOIN load_answers a USING (workload, variant, side) WHERE j.batch = :batch
ORDER BY j.job_id, a.workload, a.task, a.doc_id"""
_SCORES = """
INSERT INTO scores (job_id, workload, task, doc_id, metric, repeat, value, parsed, extracted, gold, prompt_sha256)
SELECT j.job_id, a.workload, a.task, a.doc_id, a.metric, 0, a.value, a.parsed, a.extracted, a.gold, a.prompt_sha256
FROM load_jobs j JOIN load_answers a USING (workload, variant, side) WHERE j.batch = :batch
ORDER BY j.job_id, a.workload, a.task, a.doc_id"""


def fill(*, runs: int, lineages: int, samples: int, seed: int) -> dict[str, float]:
    """Fill the configured database, whose tables are there and empty; return the seconds that each part took."""
    began = time.perf_counter()
    answers = {(one.workload, one.variant): one for one in prepared(seed)}
    _keep_answers(answers.values())
    ready = time.perf_counter()
    jobs = _write_runs(runs, lineages, samples, seed, answers)
    written = time.perf_counter()
    _write_samples(jobs)
    sampled = time.perf_counter()
    _find_changes()
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP TABLE load_jobs, load_answers"))
        connection.execute(text("VACUUM ANALYZE"))
    ended = time.perf_counter()
    parts = {"prepared": ready - began, "runs": written - ready, "samples": sampled - written, "rest": ended - sampled}
    return {name: round(seconds, 1) for name, seconds in parts.items()}


def _write_runs(runs: int, lineages: int, samples: int, seed: int, answers: dict[tuple[str, int], Prepared]) -> int:
    """Write all runs and note which job gives which answers; return the number of batches of jobs."""
    noted: list[Note] = []
    batch = 0
    plan = planned(runs=runs, lineages=lineages, samples=samples, seed=seed, now=datetime.now(UTC))
    for group in _groups(plan, _AT_ONCE):
        with transaction() as session:
            for one in group:
                jobs = write_run(session, one, answers)
                noted += [
                    (jobs[side], name, variant, side, one.accepted_at.timestamp(), batch)
                    for side in jobs
                    for name, variant in one.variants.items()
                ]
        batch += 1
        _say(f"{min(batch * _AT_ONCE, runs):,} runs")
    with transaction() as session:
        noted = newest_with(noted, samples)
        session.execute(text(
            "CREATE UNLOGGED TABLE load_jobs"
            " (job_id text, workload text, variant int, side text, began float, batch int)"
        ))  # fmt: skip
        _copy(session, "load_jobs", ("job_id", "workload", "variant", "side", "began", "batch"), noted)
    return batch


def newest_with(noted: list[Note], samples: int) -> list[Note]:
    """Return the newest jobs that have so many samples together; older ones keep their reports alone."""
    kept = 0
    for place in range(len(noted) - 1, -1, -1):
        kept += ITEMS[noted[place][1]]
        if kept >= samples:
            return noted[place:]
    return noted


def _keep_answers(answers: Iterable[Prepared]) -> None:
    with transaction() as session:
        session.execute(text(
            "CREATE UNLOGGED TABLE load_answers (workload text, variant int, side text, task text, doc_id int,"
            " metric text, value float, parsed bool, extracted text, gold text, prompt_sha256 text, text text,"
            " request_sha256 text)"
        ))  # fmt: skip
        rows = (
            (one.workload, one.variant, side, score.task, score.doc_id, score.metric, score.value, score.parsed,
             score.extracted, score.gold, score.prompt_sha256, answer(score), score.prompt_sha256[::-1])
            for one in answers for side in SIDES for score in one.scores[side]
        )  # fmt: skip
        _copy(session, "load_answers", _PREPARED, rows)
        session.execute(text("ANALYZE load_answers"))
        prompts = (
            (prompt_sha(name, item), prompt(name, item)) for name, count in ITEMS.items() for item in range(count)
        )
        _copy(session, Prompt.__tablename__, ("sha256", "text"), prompts)


def _write_samples(batches: int) -> None:
    """Write responses and scores without their indexes, which are made afterwards."""
    with transaction() as session:
        dropped = [_without_indexes(session, table) for table in ("responses", "scores")]
    for batch in range(batches):
        with transaction() as session:
            for statement in (_RESPONSES, _SCORES):
                session.execute(text(statement), {"batch": batch})
        _say(f"samples of {batch + 1} of {batches} batches")
    for statements in dropped:
        for statement in statements:
            _say(statement[:90])
            with transaction() as session:
                session.execute(text("SET maintenance_work_mem = '1GB'"))
                session.execute(text(statement))


def _without_indexes(session: Session, table: str) -> list[str]:
    """Drop a table's keys and indexes and its journal, and return the statements that bring the former back."""
    keys = session.execute(
        text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"
             " AND contype IN ('p', 'f') ORDER BY contype DESC"), {"table": table}).all()  # fmt: skip
    names = [name for name, _ in keys]
    indexes = session.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table AND indexname <> ALL(:names)"),
        {"table": table, "names": names}).all()  # fmt: skip
    for name in names:
        session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    for name, _ in indexes:
        session.execute(text(f"DROP INDEX {name}"))
    session.execute(text(f"ALTER TABLE {table} SET UNLOGGED, SET (autovacuum_enabled = off)"))
    back = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for name, definition in keys]
    return [*(definition for _, definition in indexes), *(one for one in back if "FOREIGN KEY" not in one)]


def _find_changes() -> None:
    """Look for changes of level, as the service does after each night, on the lineages where some were planted."""
    with transaction() as session:
        lineages = session.scalars(
            text("SELECT lineage FROM points WHERE side = 'candidate' AND value < 0.755 GROUP BY 1 HAVING count(*) > 5")
        ).all()
    for lineage in lineages:
        with transaction() as session:
            for series in series_of(points_to_read(session, lineage)):
                found = changes_in(
                    series.points, relative=series.relative, direction=series.direction, noise=series.noise
                )
                record_changes(session, series, found)
    _say(f"{len(lineages)} lineages were looked at for changes of level")


def _copy(session: Session, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    raw = session.connection().connection.cursor()
    with raw.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _groups(items: Iterable[PlannedRun], size: int) -> Iterator[list[PlannedRun]]:
    group: list[PlannedRun] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
