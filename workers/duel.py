"""Run a duel's job: both engines of the run measured under the same load, in turn."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from db.claims import Claim
from db.codec import to_json
from db.jobs import note_facts
from db.session import transaction
from db.settings import Settings
from evals.duel.contenders import Contender, DuelObserver, Outcome
from evals.duel.results import BASELINE, CANDIDATE
from evals.duel.rules import settled
from evals.duel.running import run_duel
from evals.duel.settings import serving_settings
from evals.spec import Workload
from workers.cross_check import cross_checks
from workers.duel_servers import DuelServers
from workers.external_preflight import check_external_package
from workers.gpu_watch import watching
from workers.heartbeat import Heartbeat
from workers.response_writer import PassWriter
from workers.server import log_path_of

MODES = ("together", "alternate")


def run_duel_job(claim: Claim, heartbeat: Heartbeat, settings: Settings) -> None:
    """Measure all serving workloads of a duel; raise what ended it, after both engines are gone.

    An attempt begins its rounds anew: what was measured before it stays stored and does not count. The code of both
    engines must have been made ready before.
    """
    spec = claim.job.spec
    servers = DuelServers(claim, heartbeat, settings)
    for engine in servers.engines.values():
        check_external_package(replace(claim, job=replace(claim.job, spec=replace(spec, engine=engine))), settings)
    modes = {one.name: settled(one, *servers.engines.values()).launch for one in spec.workloads}
    for mode in MODES:
        asked = [workload for workload in spec.workloads if modes[workload.name] == mode]
        if not asked:
            continue
        with servers.together() if mode == "together" else nullcontext():
            for workload in asked:
                _measure(claim, workload, mode, servers, heartbeat, settings)


def _measure(
    claim: Claim, workload: Workload, mode: str, servers: DuelServers, heartbeat: Heartbeat, settings: Settings
) -> None:
    """Run one workload's rounds, keep every pass as it ends, and at the end what concerns them all."""
    blurred: dict[str, None] = {}
    with PassWriter(claim.lease) as writer:

        def check() -> None:
            writer.check()
            servers.check()

        observer = DuelObserver(
            on_pass=lambda done, raw: writer.put((workload.name, done, raw)),
            on_progress=lambda done, total: heartbeat.show(workload.name, {"done": done, "total": total}),
            check=check,
            watch=lambda: watching(servers.gpus, blurred.setdefault),
        )
        candidate, baseline = (servers.contender(side, mode) for side in (CANDIDATE, BASELINE))
        chosen = settled(workload, *servers.engines.values())
        outcome = run_duel(chosen, candidate, baseline, observer, margin=workload.margin)
    outcome = replace(outcome, notes=(*outcome.notes, *blurred))
    with transaction() as session:
        note_facts(session, claim.lease, {outcome_fact(workload): outcome_as_fact(outcome)})
    if serving_settings(workload).cross_check:
        _cross_check(claim, workload, candidate, servers, settings)


def _cross_check(
    claim: Claim, workload: Workload, candidate: Contender, servers: DuelServers, settings: Settings
) -> None:
    """Let other clients put the same load to the candidate's server, and keep what they say."""
    found = cross_checks(
        serving_settings(workload),
        candidate,
        servers.engines[CANDIDATE],
        settings=settings,
        log_path=log_path_of(settings, claim.job.id, claim.lease.attempt, "cross-check"),
        check=servers.check,
    )
    with transaction() as session:
        note_facts(session, claim.lease, {cross_check_fact(workload): to_json(found)})


def cross_check_fact(workload: Workload) -> str:
    """Return under which fact a duel's job keeps what other clients said."""
    return f"cross_check:{workload.name}"


def outcome_fact(workload: Workload) -> str:
    """Return under which fact a duel's job keeps what concerns all passes of a workload."""
    return f"duel:{workload.name}"


def outcome_as_fact(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome without its passes, which have a table, as a fact that keeps the order of what it says."""
    told: dict[str, Any] = to_json(replace(outcome, passes=(), facts={}))
    return told | {"facts": list(outcome.facts.items())}  # the column would lose the order of a mapping
