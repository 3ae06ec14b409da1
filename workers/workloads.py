"""Run one workload of a job: by our own asker or by sgl-eval; keep answers as they arrive, and the scores."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.samples import save_scores
from db.session import transaction
from db.settings import Settings
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.harness import Observer, Progress, WorkloadResult, run_accuracy
from evals.client import EngineClient
from evals.errors import InternalError, PlumblineError
from evals.spec import ModelSpec, Workload
from evals.tokenizing import TokenizerFile, tokenizer_file
from workers.harnesses.sgl_eval import run_sgl_eval
from workers.heartbeat import Heartbeat
from workers.model_files import local_folder
from workers.parity import run_parity
from workers.preparation import Prepared, answers_of
from workers.response_writer import ResponseWriter, Writer
from workers.server import Server


def run_workload(claim: Claim, item: Prepared, server: Server | None, heartbeat: Heartbeat, settings: Settings) -> None:
    """Ask what is left of a workload, judge all of it, and save both; server: None when nothing is left.

    Parity is judged later, when all sides have been heard. Raises what ends the job: the heartbeat's, the writer's and
    the engine's trouble, and what the harness meets.
    """
    workload = item.workload
    if item.prompts is not None:
        run_parity(
            claim,
            workload,
            item.prompts,
            connect=lambda: _client(server, workload),
            heartbeat=heartbeat,
            first_trouble=lambda writer: _first_trouble(heartbeat, writer, server),
        )
        return
    with ResponseWriter(claim.lease) as writer:
        observer = _observer(workload, server, heartbeat, writer)
        if item.benchmark is not None:
            result = _ask(claim, item, item.benchmark, server, observer)
        else:
            result = _let_sgl_eval_ask(claim, item, server, observer, settings)
    with transaction() as session:
        save_scores(session, claim.lease, workload.name, result.scores)
        note_facts(session, claim.lease, {f"workload:{workload.name}": result.facts | result.notes})


def _ask(
    claim: Claim, item: Prepared, benchmark: Benchmark, server: Server | None, observer: Observer
) -> WorkloadResult:
    gate, other = item.gate or (None, nullcontext())
    with other:
        return run_accuracy(
            item.workload,
            benchmark,
            connect=lambda: _client(server, item.workload),
            answered=answers_of(claim, item.workload),
            observer=observer,
            tokenizer=_tokenizer(claim.job.spec.model),
            gate=gate,
        )


def _let_sgl_eval_ask(
    claim: Claim, item: Prepared, server: Server | None, observer: Observer, settings: Settings
) -> WorkloadResult:
    if server is None or item.items is None:
        raise InternalError("sgl-eval has nothing to ask", remedy="report this; a retry may help")
    result = run_sgl_eval(
        item.workload,
        item.items.rows,
        base_url=server.base_url,
        model=server.served_model,
        api_key=server.api_key,
        settings=settings,
        answered=answers_of(claim, item.workload),
        observer=observer,
        log_path=settings.jobs_dir / claim.job.id / f"sgl-eval-{claim.lease.attempt}.log",
    )
    return replace(result, facts={**item.items.facts, **result.facts})


def _tokenizer(model: ModelSpec) -> TokenizerFile:
    folder = local_folder(model)
    return None if folder is None else tokenizer_file(folder)


def _observer(workload: Workload, server: Server | None, heartbeat: Heartbeat, writer: ResponseWriter) -> Observer:
    def show(progress: Progress) -> None:
        heartbeat.show(workload.name, asdict(progress))

    return Observer(
        on_response=lambda asked, response: writer.put((workload.name, asked, response)),
        on_progress=show,
        check=_first_trouble(heartbeat, writer, server),
    )


def _first_trouble(heartbeat: Heartbeat, writer: Writer[Any], server: Server | None) -> Callable[[], None]:
    def check() -> None:
        heartbeat.check()
        writer.check()
        failure: PlumblineError | None = server.has_died() if server else None
        if failure is not None:
            raise failure

    return check


def _client(server: Server | None, workload: Workload) -> EngineClient:
    if server is None:
        raise InternalError("a question was left and no engine launched", remedy="report this; a retry may help")
    return EngineClient(
        server.base_url, model=server.served_model, concurrency=workload.concurrency, api_key=server.api_key
    )
