"""Run one claimed job: prepare its items, start its engine, run its workloads, keep what was seen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from db.claims import Claim
from db.jobs import enter_phase, note_facts
from db.samples import forget_responses, responses_of, save_scores
from db.session import transaction
from db.settings import Settings
from db.states import Phase
from evals.accuracy.benchmarks import load_task
from evals.accuracy.datasets import find_dataset
from evals.accuracy.harness import Observer, Progress, run_accuracy
from evals.client import EngineClient
from evals.spec import Workload
from workers.devices import gpus_of, require_devices
from workers.gpus import hardware_description
from workers.heartbeat import Heartbeat
from workers.provenance import identity_facts, is_another, model_digest
from workers.response_writer import ResponseWriter
from workers.server import Server, running

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A workload with its lm-eval task loaded and what identifies its items."""

    workload: Workload
    task: Any
    facts: dict[str, str]


def execute(claim: Claim, settings: Settings) -> None:
    """Do a job's work under its lease; raise the PlumblineError that ended it, after the engine is gone."""
    with Heartbeat(claim.lease, lease_s=settings.lease_s, every_s=settings.heartbeat_s) as heartbeat:
        _enter(claim, Phase.PREPARING)
        require_devices(claim.job, claim.devices)
        prepared = [_prepare(workload, settings) for workload in claim.job.spec.workloads]
        model = model_digest(claim.job.spec.model)
        heartbeat.check()
        _enter(claim, Phase.LAUNCHING)
        with running(
            claim.job.spec.engine,
            claim.job.spec.model,
            settings=settings,
            job_id=claim.job.id,
            attempt=claim.lease.attempt,
            devices=gpus_of(claim.devices),
            should_stop=heartbeat.should_stop,
            on_launch=lambda log_path: _note_log(claim, log_path),
        ) as server:
            _note_server(claim, server, model)
            _enter(claim, Phase.EVALUATING)
            for item in prepared:
                _run_workload(claim, item, server, heartbeat)
            _enter(claim, Phase.STOPPING)


def _prepare(workload: Workload, settings: Settings) -> Prepared:
    dataset = find_dataset(workload, data_folder=settings.data)
    return Prepared(workload=workload, task=load_task(workload, dataset), facts=dataset.facts)


def _run_workload(claim: Claim, item: Prepared, server: Server, heartbeat: Heartbeat) -> None:
    workload = item.workload
    with transaction() as session:
        answered = {response.key: response for response in responses_of(session, claim.job.id, workload.name)}
    with ResponseWriter(claim.lease) as writer:
        result = run_accuracy(
            workload,
            item.task,
            connect=lambda: _client(server, workload),
            answered=answered,
            observer=_observer(workload, server, heartbeat, writer),
        )
    with transaction() as session:
        save_scores(session, claim.lease, workload.name, result.scores)
        note_facts(session, claim.lease, {f"workload:{workload.name}": item.facts | result.facts})


def _observer(workload: Workload, server: Server, heartbeat: Heartbeat, writer: ResponseWriter) -> Observer:
    def show(progress: Progress) -> None:
        heartbeat.show(workload.name, asdict(progress))

    return Observer(
        on_response=lambda question, response: writer.put(workload.name, question, response),
        on_progress=show,
        check=_first_trouble(heartbeat, writer, server),
    )


def _first_trouble(heartbeat: Heartbeat, writer: ResponseWriter, server: Server) -> Callable[[], None]:
    def check() -> None:
        heartbeat.check()
        writer.check()
        failure = server.has_died()
        if failure is not None:
            raise failure

    return check


def _client(server: Server, workload: Workload) -> EngineClient:
    return EngineClient(
        server.base_url, model=server.served_model, concurrency=workload.concurrency, api_key=server.api_key
    )


def _note_server(claim: Claim, server: Server, model: str | None) -> None:
    """Keep what is known of the server; answers that another model or engine gave are forgotten first."""
    identity = identity_facts(server, claim.job.spec.engine, model)
    with transaction() as session:
        if is_another(claim.job.facts, identity):
            log.warning("job %s: the model or its engine has changed; earlier answers are asked again", claim.job.id)
            forget_responses(session, claim.lease)
        note_facts(session, claim.lease, _server_facts(server, claim) | identity)


def _server_facts(server: Server, claim: Claim) -> dict[str, Any]:
    return {
        "versions": dict(server.versions),
        "hardware": _hardware(claim),
        "devices": list(claim.devices),
        "command": list(server.command),
        "launch_s": server.launch_s,
    }


def _hardware(claim: Claim) -> str:
    remote = claim.job.spec.engine.kind == "remote"
    return "not known: a remote engine" if remote else hardware_description(gpus_of(claim.devices))


def _enter(claim: Claim, phase: Phase) -> None:
    log.info("job %s attempt %d: %s", claim.job.id, claim.lease.attempt, phase)
    with transaction() as session:
        enter_phase(session, claim.lease, phase)


def _note_log(claim: Claim, log_path: Path) -> None:
    with transaction() as session:
        note_facts(session, claim.lease, {}, log_path=str(log_path))
