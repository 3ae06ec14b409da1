"""A duel's two servers: launched, one of them working at a time, and named when something is wrong with one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.session import transaction
from db.settings import Settings
from db.states import Phase
from evals.duel.contenders import Contender
from evals.duel.results import BASELINE, CANDIDATE
from evals.errors import CancelledError, EngineUnreachableError, LeaseLostError, PlumblineError
from evals.spec import EngineSpec
from workers.devices import gpus_of
from workers.heartbeat import Heartbeat
from workers.model_files import known_folder
from workers.phase import enter, note_log
from workers.provenance import facts_of, host_facts, is_another
from workers.resting import EngineTree, RestlessEngineError
from workers.server import NOTICE_S, Server, running

SIDES, SIDE = "sides", "side"
"""The fact that holds what is known of both engines, and the detail of an error that names the side it is about."""


class ChangedEngineError(PlumblineError):
    """An engine or its model is another one than when the duel began."""

    code = "engine_changed"
    retryable = True


class DuelServers:
    """Launch the two engines of a duel, and note who they were."""

    def __init__(self, claim: Claim, heartbeat: Heartbeat, settings: Settings) -> None:
        spec = claim.job.spec
        if spec.opponent is None:
            raise ValueError("a duel has two engines")
        self.engines = {CANDIDATE: spec.engine, BASELINE: spec.opponent}
        self._claim, self._heartbeat, self._settings = claim, heartbeat, settings
        self._up: dict[str, Server] = {}
        self._trees: dict[str, EngineTree] = {}
        self._facts: dict[str, dict[str, Any]] = {}

    @property
    def gpus(self) -> tuple[str, ...]:
        """Return the GPUs on which the engines compute; a duel without any holds the host's all the same."""
        return max((self._gpus(engine) for engine in self.engines.values()), key=len)

    def check(self) -> None:
        """Raise what ends the job: the heartbeat's reason, or the death of an engine that is up."""
        self._heartbeat.check()
        for side, server in list(self._up.items()):
            failure = server.has_died()
            if failure is not None:
                raise self._named(failure, side)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Keep both engines up while the block lasts; each rests from its launch on."""
        with self._launched(CANDIDATE), self._resting(CANDIDATE), self._launched(BASELINE), self._resting(BASELINE):
            self._show_log_of(CANDIDATE)
            enter(self._claim, Phase.EVALUATING)
            yield
            enter(self._claim, Phase.STOPPING)

    def contender(self, side: str, mode: str) -> Contender:
        """Return a side as a duel measures it; mode: "together" (inside that block) or "alternate"."""
        alternate = mode == "alternate"
        return Contender(
            measured=partial(self._in_turn if alternate else self._awake, side),
            launches=alternate,
            tokenizer=known_folder(self._claim.job.spec.model),
        )

    @contextmanager
    def _awake(self, side: str, where: float) -> Iterator[Server]:
        for other in self._trees.keys() - {side}:
            self._rest(other)
        if side in self._trees:
            self._trees[side].wake(where)
        try:
            with self._explaining(side):
                yield self._up[side]
        except BaseException:  # which must not be hidden behind an engine that goes on
            with suppress(RestlessEngineError):
                self._rest(side)
            raise
        self._rest(side)

    def _rest(self, side: str) -> None:
        try:
            if side in self._trees:
                self._trees[side].rest()
        except RestlessEngineError as error:
            raise self._named(error, side) from error

    @contextmanager
    def _in_turn(self, side: str, _: float) -> Iterator[Server]:
        with self._launched(side) as server:
            enter(self._claim, Phase.EVALUATING)
            with self._explaining(side):
                yield server

    @contextmanager
    def _explaining(self, side: str) -> Iterator[None]:
        """Name the engine that cannot be reached, and say that it died if it did: that is noted a moment later."""
        try:
            yield
        except EngineUnreachableError as error:
            deadline = time.monotonic() + NOTICE_S
            while time.monotonic() < deadline:
                self.check()
                time.sleep(0.05)
            raise self._named(error, side) from error

    @contextmanager
    def _resting(self, side: str) -> Iterator[None]:
        """Let an engine rest whenever it is not measured, and wake it before it is stopped."""
        pid = self._up[side].pid
        if pid is None:  # a remote engine is not ours to stop
            yield
            return
        tree = self._trees[side] = EngineTree(pid)
        try:
            self._rest(side)
            yield
        finally:
            tree.wake()

    @contextmanager
    def _launched(self, side: str) -> Iterator[Server]:
        enter(self._claim, Phase.LAUNCHING)
        with ExitStack() as stack:
            try:
                server = stack.enter_context(self._running(side))
                self._note(side, server)
            except PlumblineError as error:
                raise self._named(error, side) from error
            self._up[side] = server
            try:
                yield server
            finally:
                del self._up[side]

    @contextmanager
    def _running(self, side: str) -> Iterator[Server]:
        engine = self.engines[side]
        with running(
            engine,
            self._claim.job.spec.model,
            settings=self._settings,
            job_id=self._claim.job.id,
            attempt=self._claim.lease.attempt,
            side=side,
            devices=self._gpus(engine),
            should_stop=self._heartbeat.should_stop,
            on_launch=partial(note_log, self._claim),
        ) as server:
            yield server

    def _gpus(self, engine: EngineSpec) -> tuple[str, ...]:
        """Return the first of the job's GPUs, so that both engines compute on the same ones."""
        wanted = max(1, engine.gpus) if engine.kind != "remote" and engine.device == "cuda" else 0
        return gpus_of(self._claim.devices)[:wanted]

    def _note(self, side: str, server: Server) -> None:
        """Keep what is known of a side; raise ChangedEngineError when it is not what it was at its first launch."""
        engine = self.engines[side]
        facts = facts_of(server, engine, self._claim.job.spec.model, self._settings)
        before = self._facts.get(side, {})
        if is_another(before, facts):
            raise ChangedEngineError(
                "the engine or its model was changed while the duel ran", remedy="leave them alone while jobs run"
            )
        facts |= host_facts(None if engine.kind == "remote" else self._gpus(engine))
        facts |= {
            "launches_s": [*before.get("launches_s", []), round(server.launch_s, 2)],
            "log": server.log_path.name if server.log_path else None,
        }
        self._facts[side] = facts
        with transaction() as session:
            note_facts(session, self._claim.lease, {SIDES: self._facts, "devices": list(self._claim.devices)})

    def _named(self, error: PlumblineError, side: str) -> PlumblineError:
        """Return an error that says which engine it is about; the job then shows that engine's log."""
        if SIDE in error.details or isinstance(error, CancelledError | LeaseLostError):
            return error
        self._show_log_of(side)
        message = f"the {side} ({self.engines[side].kind}): {error.message}"
        return type(error)(message, remedy=error.remedy, **{**error.details, SIDE: side})

    def _show_log_of(self, side: str) -> None:
        server = self._up.get(side)
        if server is not None and server.log_path is not None:
            note_log(self._claim, server.log_path)
