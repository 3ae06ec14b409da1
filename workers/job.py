"""Run one claimed job: prepare its items, start its engine, run its workloads, keep what was seen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.samples import forget_responses
from db.session import transaction
from db.settings import Settings
from db.states import Phase
from evals.spec import Role
from workers.devices import gpus_of, require_devices
from workers.duel import run_duel_job
from workers.engine_checks.job import EngineChecks
from workers.heartbeat import Heartbeat
from workers.phase import enter, note_log
from workers.preparation import Prepared, Standing, facts_about_host, prepare, standing_of
from workers.provenance import facts_of, is_another
from workers.server import Server, running
from workers.submitted_code import with_ready_code
from workers.workloads import run_workload

log = logging.getLogger(__name__)


def execute(claim: Claim, settings: Settings) -> None:
    """Do a job's work under its lease; raise the PlumblineError that ended it, after the engine is gone.

    An engine is launched only for what the same engine has not answered before.
    """
    with Heartbeat(claim.lease, lease_s=settings.lease_s, every_s=settings.heartbeat_s) as heartbeat:
        enter(claim, Phase.PREPARING)
        require_devices(claim.job, claim.devices)
        claim = with_ready_code(claim, settings, heartbeat.check)
        if claim.job.spec.role is Role.DUEL:
            run_duel_job(claim, heartbeat, settings)
            return
        prepared = prepare(claim, settings)
        heartbeat.check()
        standing = standing_of(claim, prepared, settings)
        checks = EngineChecks(claim, standing.facts, settings, heartbeat)
        _check(claim, checks, checks.before_launch)
        if standing.complete and not checks.needs_server:
            _evaluate(claim, prepared, None, heartbeat, settings)
        else:
            enter(claim, Phase.LAUNCHING)
            with _launched(claim, heartbeat, settings) as server:
                _note_server(claim, server, standing, settings)
                _evaluate(claim, prepared, server, heartbeat, settings)
                checks.ask(server)
                enter(claim, Phase.STOPPING)
        _check(claim, checks, checks.after_stop)


def _check(claim: Claim, checks: EngineChecks, run: Callable[[], None]) -> None:
    """Run engine checks while no server holds the device's memory."""
    if checks.left:
        enter(claim, Phase.EVALUATING)
        run()


@contextmanager
def _launched(claim: Claim, heartbeat: Heartbeat, settings: Settings) -> Iterator[Server]:
    with running(
        claim.job.spec.engine,
        claim.job.spec.model,
        settings=settings,
        job_id=claim.job.id,
        attempt=claim.lease.attempt,
        devices=gpus_of(claim.devices),
        should_stop=heartbeat.should_stop,
        on_launch=lambda log_path: note_log(claim, log_path),
    ) as server:
        yield server


def _evaluate(
    claim: Claim, prepared: list[Prepared], server: Server | None, heartbeat: Heartbeat, settings: Settings
) -> None:
    enter(claim, Phase.EVALUATING)
    for item in prepared:
        run_workload(claim, item, server, heartbeat, settings)


def _note_server(claim: Claim, server: Server, standing: Standing, settings: Settings) -> None:
    """Keep what is known of the server; answers that another model or engine gave are forgotten first."""
    spec = claim.job.spec
    identity = facts_of(server, spec.engine, spec.model, settings)
    with transaction() as session:
        if is_another(standing.facts, identity):
            log.warning("job %s: the model or its engine has changed; earlier answers are asked again", claim.job.id)
            forget_responses(session, claim.lease)
        note_facts(session, claim.lease, _server_facts(server, claim) | identity)


def _server_facts(server: Server, claim: Claim) -> dict[str, Any]:
    return {
        **facts_about_host(claim),
        "devices": list(claim.devices),
        "launch_s": server.launch_s,
    }
