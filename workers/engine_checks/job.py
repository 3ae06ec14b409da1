"""The engine checks of one job: which there are, when each runs, and what is kept.

checks = EngineChecks(claim, facts, settings, heartbeat)
checks.before_launch()      what needs no server, while none holds the device's memory
checks.ask(server)          what the server says, while it runs
checks.after_stop()         what is held against that
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.session import transaction
from db.settings import Settings
from evals.engine_checks.outcome import outcome_of, undecided
from evals.engine_checks.settings import OFFLINE, ONE_BATCH, UNITTEST, EngineCheckSettings, engine_check_settings
from evals.errors import RequestRefusedError
from evals.spec import Role, Workload
from evals.workload_kinds import is_engine_check
from workers.devices import gpus_of
from workers.engine_checks.asking import ask_server, lacks_pictures, offline_requests, one_batch_requests
from workers.engine_checks.checks import (
    Checked,
    Place,
    check_offline,
    check_unittest,
    judged_one_batch,
    run_one_batch,
)
from workers.engine_checks.commands import Candidate
from workers.engine_checks.running import Ended
from workers.engines.environments import environment_for
from workers.external_code import with_checked_code
from workers.heartbeat import Heartbeat
from workers.model_files import with_absolute_path
from workers.provenance import IDENTITY
from workers.server import Server, engine_variables

log = logging.getLogger(__name__)

_ENGINE = "sglang"
_NOT_ASKED = "the server was not asked"
_NO_PICTURES = (
    "no prompt with a picture could be made: the model takes none, has no chat template for them, or is not here"
)


class EngineChecks:
    """Run a candidate's engine checks, those that the job has not made of the same engine and model before.

    facts: what is known of the engine and the model before a launch.
    """

    def __init__(self, claim: Claim, facts: Mapping[str, Any], settings: Settings, heartbeat: Heartbeat) -> None:
        self._claim = claim
        self._identity = facts.get(IDENTITY)
        self._settings = settings
        self._heartbeat = heartbeat
        asked = claim.job.spec.workloads if claim.job.spec.role is Role.CANDIDATE else ()
        self.left = [item for item in asked if is_engine_check(item.benchmark) and not self._is_done(item)]
        self._runs: dict[str, tuple[list[str], Ended] | None] = {}
        self._server: dict[str, dict[str, str] | str] = {}

    @property
    def needs_server(self) -> bool:
        """Tell whether a check is left that compares with a server; asked after those that need none have run."""
        ran = [run for item in self._of(ONE_BATCH) if (run := self._runs.get(item.name)) and run[1].exit_status == 0]
        return self._is_sglang and bool(ran or self._of(OFFLINE))

    def before_launch(self) -> None:
        """Run what needs no server, and note what cannot be run at all."""
        if not self._is_sglang:
            kind = self._claim.job.spec.engine.kind
            for workload in list(self.left):
                self._note(workload, Checked(outcome=undecided(f"it is one of SGLang's, and the engine is {kind}")))
        for workload in self._of(ONE_BATCH):
            self._begin(workload)
            self._runs[workload.name] = run_one_batch(self._candidate, _options(workload), self._place(workload))
        for workload in self._of(UNITTEST):
            self._begin(workload)
            self._note(workload, check_unittest(self._candidate, _options(workload), self._place(workload)))

    def ask(self, server: Server) -> None:
        """Put the checks' prompts to the running server."""
        for workload in [*self._of(OFFLINE), *self._of(ONE_BATCH)]:
            try:
                self._server[workload.name] = ask_server(
                    server.base_url, self._requests(workload), check=lambda: self._check(server)
                )
            except RequestRefusedError as error:
                self._server[workload.name] = f"the server refused the check's prompts: {error.message}"

    def after_stop(self) -> None:
        """Judge one_batch, and run what is held against the server's answers."""
        for workload in self._of(ONE_BATCH):
            said = self._server.get(workload.name, _NOT_ASKED)
            texts = list(said.values()) if isinstance(said, dict) else said
            self._note(workload, judged_one_batch(self._runs.get(workload.name), self._candidate, texts))
        for workload in self._of(OFFLINE):
            said = self._server.get(workload.name, _NOT_ASKED)
            self._begin(workload)
            self._note(workload, self._offline(workload, said))

    def _offline(self, workload: Workload, said: dict[str, str] | str) -> Checked:
        if isinstance(said, str):
            return Checked(outcome=undecided(said))
        options, requests = _options(workload), self._requests(workload)
        if lacks_pictures(options, requests):
            return Checked(outcome=undecided(_NO_PICTURES))
        return check_offline(self._candidate, options, self._place(workload), requests=requests, server=said)

    def _requests(self, workload: Workload) -> dict[str, dict[str, Any]]:
        if workload.benchmark == ONE_BATCH:
            return one_batch_requests()
        return offline_requests(_options(workload), self._claim.job.spec.model)

    @cached_property
    def _candidate(self) -> Candidate:
        spec = self._claim.job.spec
        environment = environment_for(spec.engine, self._settings)
        engine = with_checked_code(spec.engine, self._settings, check=self._heartbeat.check)
        return Candidate(
            spec=engine,
            model=with_absolute_path(spec.model),
            environment=environment,
            variables=engine_variables(engine, environment, gpus_of(self._claim.devices), self._settings),
        )

    @property
    def _is_sglang(self) -> bool:
        return self._claim.job.spec.engine.kind == _ENGINE

    def _of(self, benchmark: str) -> list[Workload]:
        return [workload for workload in self.left if workload.benchmark == benchmark]

    def _is_done(self, workload: Workload) -> bool:
        facts = self._claim.job.facts.get(f"workload:{workload.name}", {})
        known = self._identity is not None and facts.get(IDENTITY) == self._identity
        return known and outcome_of(facts) is not None

    def _place(self, workload: Workload) -> Place:
        name = f"{workload.benchmark.replace('/', '-')}-{self._claim.lease.attempt}.log"
        folder: Path = (self._settings.jobs_dir / self._claim.job.id).absolute()
        return Place(log_path=folder / name, should_stop=self._heartbeat.should_stop)

    def _check(self, server: Server) -> None:
        self._heartbeat.check()
        failure = server.has_died()
        if failure is not None:
            raise failure

    def _begin(self, workload: Workload) -> None:
        log.info("job %s: %s", self._claim.job.id, workload.benchmark)
        self._heartbeat.show(workload.name, {"done": 0, "total": 1})

    def _note(self, workload: Workload, checked: Checked) -> None:
        facts = checked.as_facts() | ({IDENTITY: self._identity} if self._identity else {})
        with transaction() as session:
            note_facts(session, self._claim.lease, {f"workload:{workload.name}": facts})
        self._heartbeat.show(workload.name, {"done": 1, "total": 1})
        self.left.remove(workload)


def _options(workload: Workload) -> EngineCheckSettings:
    return engine_check_settings(workload)
