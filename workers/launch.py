"""Start an engine on a free port and wait until it is ready, or say why it never will be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evals.errors import CancelledError, PlumblineError, PortTakenError, StartTimeoutError
from evals.spec import EngineSpec, ModelSpec
from workers import process as processes
from workers.diagnosis import Death, diagnose, is_bind_error
from workers.engines.base import Engine, EngineEnvironment
from workers.logs import tail
from workers.memory import count_oom_kills
from workers.ports import LOOPBACK, free_port, is_ours
from workers.probe import ReadinessProbe
from workers.process import GuardedProcess

PORT_TRIES = 3
POLL_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Server:
    """Describe a running engine.

    base_url: without /v1. pid and log_path: None for remote engines. started_at, ready_at: Unix seconds.
    versions: package to version. served_model: the name to put into requests. capabilities: see engine_rules.
    has_died: returns the reason of the engine's death, or None; cheap, may be asked from any thread at any time.
    """

    base_url: str
    served_model: str
    capabilities: frozenset[str]
    started_at: float
    ready_at: float
    pid: int | None = None
    log_path: Path | None = None
    command: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    api_key: str | None = field(default=None, repr=False)
    has_died: Callable[[], PlumblineError | None] = field(default=lambda: None, repr=False, compare=False)

    @property
    def launch_s(self) -> float:
        """Return how long the engine took to become ready."""
        return self.ready_at - self.started_at


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Hold what one start of an engine needs besides its port."""

    engine: Engine
    spec: EngineSpec
    model: ModelSpec
    environment: EngineEnvironment
    variables: Mapping[str, str]
    log_path: Path
    start_timeout_s: float
    should_stop: Callable[[], bool]


def launch_on_free_port(launch: Launch) -> tuple[Server, GuardedProcess]:
    """Return a ready server and its process, which the caller must stop; on any error nothing is left running."""
    for left in reversed(range(PORT_TRIES)):
        try:
            return _start(launch, free_port())
        except PortTakenError:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def _start(launch: Launch, port: int) -> tuple[Server, GuardedProcess]:
    """Start the engine and wait until it is ready; on any failure its processes are gone when this raises."""
    model = launch.model
    command = launch.engine.command(launch.spec, model, port=port, interpreter=launch.environment.interpreter)
    started_at, oom_kills = time.time(), count_oom_kills()
    process = processes.start(
        command, environment=launch.variables, folder=launch.log_path.parent, log_path=launch.log_path
    )
    try:
        _wait_ready(launch, process, port, oom_kills)
    except BaseException:
        process.stop()
        raise
    server = Server(
        base_url=f"http://{LOOPBACK}:{port}",
        served_model=model.path,
        capabilities=launch.engine.capabilities,
        started_at=started_at,
        ready_at=time.time(),
        pid=process.pid,
        log_path=launch.log_path,
        command=tuple(command),
        versions=launch.environment.versions,
        has_died=lambda: _failure(launch, process, oom_kills),
    )
    return server, process


def _wait_ready(launch: Launch, process: GuardedProcess, port: int, oom_kills: int | None) -> None:
    deadline = time.monotonic() + launch.start_timeout_s
    with ReadinessProbe(port, launch.engine.ready_path) as probe:
        while not probe.wait(POLL_S):
            failure = _failure(launch, process, oom_kills)
            if failure is not None:
                raise failure
            if process.has_written() and is_bind_error(tail(process.log_path, start=process.log_start)):
                raise _port_taken(port)
            if launch.should_stop():
                raise CancelledError("The job was cancelled while its engine started.", remedy="Submit it again.")
            if time.monotonic() > deadline:
                raise _timeout(launch, process)
    if not is_ours(port, process.pid):
        failure = _failure(launch, process, oom_kills)
        raise failure or _port_taken(port)


def _failure(launch: Launch, process: GuardedProcess, oom_kills: int | None) -> PlumblineError | None:
    """Return why the engine ended, or None while it runs."""
    if not process.has_ended():
        return None
    death = Death(
        engine=launch.spec.kind,
        exit_status=process.exit_status,
        lines=tuple(tail(process.log_path, start=process.log_start)),
        options=launch.environment.options,
        was_oom_kill=_was_oom_kill(process, oom_kills),
    )
    return diagnose(death)


def _was_oom_kill(process: GuardedProcess, before: int | None) -> bool | None:
    if process.exit_status is None:
        return False  # the keeper was killed, and it is small
    now = count_oom_kills()
    return None if before is None or now is None else now > before


def _port_taken(port: int) -> PortTakenError:
    return PortTakenError(
        f"Another process took port {port} before the engine could listen on it.", remedy="Run the job again."
    )


def _timeout(launch: Launch, process: GuardedProcess) -> StartTimeoutError:
    return StartTimeoutError(
        f"{launch.spec.kind} was not ready {launch.start_timeout_s:.0f} s after its start.",
        remedy="Look at the log's last lines; if the engine was still loading, raise PLUMBLINE_START_TIMEOUT_S.",
        lines=tail(process.log_path, lines=30, start=process.log_start),
    )
