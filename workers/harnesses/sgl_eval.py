"""Run one accuracy workload against a running engine, with sgl-eval as the judge.

    require_sgl_eval(settings)  # before any engine is launched
    run_sgl_eval(workload, items, base_url=..., model=..., api_key=None, settings=settings, answered={},
                 observer=observer, log_path=...)  ->  WorkloadResult

sgl-eval runs in its own environment, in a process that ends with the worker; what it judges arrives while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.accuracy.harness import Observer, Progress, WorkloadResult
from evals.accuracy.thinking import thinking_facts
from evals.result import Response, SampleKey, Score
from evals.sgl_eval.benchmarks import check_workload
from evals.sgl_eval.command import THREADS, command_arguments
from evals.sgl_eval.errors import HarnessFailedError, HarnessNotInstalledError
from evals.sgl_eval.records import Done, Failed, Judged, Record, Started, read_record
from evals.spec import Workload, digest
from workers.diagnosis import describe_exit, telling_lines
from workers.harnesses.environments import require_sgl_eval
from workers.harnesses.launching import RECORDS, lay_out, start_driver, wanted, working_folder
from workers.logs import HIDDEN, tail
from workers.process import GuardedProcess

__all__ = ["HarnessFailedError", "HarnessNotInstalledError", "require_sgl_eval", "run_sgl_eval"]

POLL_S = 0.1
CHECK_S = 0.25


def run_sgl_eval(
    workload: Workload,
    items: Sequence[Mapping[str, Any]],
    *,
    base_url: str,
    model: str,
    api_key: str | None,
    settings: Settings,
    answered: Mapping[SampleKey, Response],
    observer: Observer,
    log_path: Path | None = None,
) -> WorkloadResult:
    """Let sgl-eval ask and judge the items, and return its judgements.

    items: in the benchmark's plain form; their places are the doc ids. base_url: without /v1. answered: responses
    that are judged without being asked again, as long as their request is the same. log_path: where sgl-eval's output
    is kept, and beside which it works meanwhile; none keeps nothing. Raises HarnessNotInstalledError,
    HarnessFailedError, DatasetError, RequestRefusedError, EngineUnreachableError and what the observer's check
    raises; whatever happens, no process is left.
    """
    environment = require_sgl_eval(settings)
    items = items[: workload.limit]
    stored = wanted(answered, benchmark=workload.benchmark, items=len(items), repeats=workload.repeats)
    arguments = command_arguments(workload, base_url=base_url, model=model)
    with working_folder(log_path) as (folder, log):
        lay_out(folder, arguments=arguments, items=items, answered=stored)
        process = start_driver(environment, folder, log_path=log, api_key=api_key)
        tally = _Tally(workload, answered, observer)
        try:
            for line in _lines(process, folder / RECORDS, observer):
                tally.hear(line)
        finally:
            process.stop()
        if not tally.is_complete:
            raise _early_end(process, api_key)
    return WorkloadResult(scores=tally.scores(), facts=tally.facts(), notes=tally.notes())


def _lines(process: GuardedProcess, path: Path, observer: Observer) -> Iterator[bytes]:
    """Yield the file's lines as they are completed until the process has ended, checking now and then."""
    next_check = 0.0
    unfinished = b""
    with path.open("rb") as file:
        while True:
            has_ended = process.has_ended()
            *lines, unfinished = (unfinished + file.read()).split(b"\n")
            for line in lines:
                if time.monotonic() >= next_check:
                    observer.check()
                    next_check = time.monotonic() + CHECK_S
                yield line
            if has_ended:
                return
            if time.monotonic() >= next_check:
                observer.check()
                next_check = time.monotonic() + CHECK_S
            if not lines:
                time.sleep(POLL_S)


class _Tally:
    """Take in records, pass answers on, and know when all is there."""

    def __init__(self, workload: Workload, answered: Mapping[SampleKey, Response], observer: Observer) -> None:
        self._workload = workload
        self._answered = answered
        self._metric = check_workload(workload).metric
        self._observer = observer
        self._started: Started | None = None
        self._scores: dict[tuple[int, int], Score] = {}
        self._responses: list[Response] = []
        self._asked = 0
        self._right = 0.0
        self.is_complete = False

    def hear(self, line: bytes) -> None:
        """Take in one line; raise what it reports, or HarnessFailedError when it makes no sense here."""
        record: Record = read_record(line, benchmark=self._workload.benchmark, metric=self._metric)
        match record:
            case Failed(error=error):
                raise error
            case Started() if self._started is None:
                self._started = record
                self._tell()
            case Judged() if self._expects(record):
                self._judge(record)
            case Done(judged=judged) if judged == len(self._scores) == self._total:
                self.is_complete = True
            case _:
                raise HarnessFailedError(
                    f"sgl-eval's driver wrote a record that does not belong here: {record}"[:300],
                    remedy="run the job again; if this repeats, install the harness again",
                )

    def scores(self) -> list[Score]:
        """Return all judgements, by item and repeat."""
        return [self._scores[place] for place in sorted(self._scores)]

    def facts(self) -> dict[str, str]:
        """Return what was true of the prompts and the scorer."""
        if self._started is None:
            return {}
        scores = self._scores.values()
        prompts = sorted({(score.task, score.doc_id, score.prompt_sha256) for score in scores})
        return {
            "harness": f"sgl-eval {self._started.version}",
            "nemo_skills": self._started.nemo_skills,
            "generation": digest(self._started.generation),
            "prompts_sha256": digest(prompts),
            "items": str(len(self._started.asked)),
            "skipped_items": str(len(self._started.skipped)),
            "workload": self._workload.fingerprint(),
        }

    def notes(self) -> dict[str, str]:
        """Return how it went this time."""
        return {
            "concurrency": str(self._workload.concurrency or THREADS),
            "asked": str(self._asked),
            **thinking_facts(self._responses, None),
        }

    @property
    def _total(self) -> int:
        return len(self._started.asked) * self._workload.repeats if self._started else 0

    def _expects(self, record: Judged) -> bool:
        key = record.asked.key
        known = self._started is not None and key.doc_id in self._started.asked and key.repeat < self._workload.repeats
        has_answer = record.response is not None or key in self._answered
        return known and has_answer and (key.doc_id, key.repeat) not in self._scores

    def _judge(self, record: Judged) -> None:
        if record.response is not None:
            self._observer.on_response(record.asked, record.response)
            self._asked += 1
        self._responses.append(record.response or self._answered[record.asked.key])
        self._scores[record.asked.key.doc_id, record.asked.key.repeat] = record.score
        self._right += record.score.value
        self._tell()

    def _tell(self) -> None:
        done = len(self._scores)
        self._observer.on_progress(Progress(done=done, total=self._total, right=self._right, scored=done))


def _early_end(process: GuardedProcess, api_key: str | None) -> HarnessFailedError:
    lines = telling_lines(tail(process.log_path, start=process.log_start))
    if api_key:
        lines = [line.replace(api_key, HIDDEN) for line in lines]
    last = f": {lines[-1].strip()[:300]}" if lines else "."
    return HarnessFailedError(
        f"sgl-eval {describe_exit(process.exit_status)} before all answers were judged{last}",
        remedy="Read the last lines of its log; if they explain nothing, run the job again.",
        exit_status=process.exit_status,
        lines=lines,
    )
