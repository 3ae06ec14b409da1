"""Run one engine for as long as a `with` block lasts: all engines are started from here.

    with running(spec.engine, spec.model, settings=settings, job_id="...", attempt=1,
                 devices=("GPU-uuid",), should_stop=lambda: lease.is_lost) as server:
        ...  # server.base_url, without /v1; server.has_died() gives the reason as an error, or None

Whatever happens in the block or to the worker, all of the engine's processes end with it (see keeper.py).
`should_stop` is asked twice a second while the engine starts: True raises CancelledError, and what it raises itself
passes through. An EngineUnreachableError from the block becomes the reason of the engine's death, if it died.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from db.settings import Settings
from evals.engine_rules import check
from evals.errors import CancelledError, EngineUnreachableError, PlumblineError
from evals.spec import EngineSpec, ModelSpec
from workers.engines import remote
from workers.engines.base import EngineEnvironment
from workers.engines.environments import environment_for
from workers.engines.options import check_options
from workers.engines.registry import local_engine
from workers.environment import cpu_threads, engine_environment
from workers.external_code import with_checked_code
from workers.launch import Launch, Server, launch_on_free_port
from workers.model_files import check_model_folder, with_absolute_path
from workers.sources.ready import ready

NOTICE_S = 1.5

__all__ = ["Server", "log_path_of", "running"]


def log_path_of(settings: Settings, job_id: str, attempt: int, side: str = "") -> Path:
    """Return where an engine's output of one attempt at a job is kept; side: of a job that has two engines."""
    name = f"attempt-{attempt}-{side}.log" if side else f"attempt-{attempt}.log"
    return (settings.jobs_dir / job_id / name).absolute()


@contextmanager
def running(
    spec: EngineSpec,
    model: ModelSpec,
    *,
    settings: Settings,
    job_id: str,
    attempt: int = 1,
    side: str = "",
    devices: Sequence[str] = (),
    should_stop: Callable[[], bool] = lambda: False,
    on_launch: Callable[[Path], None] = lambda log_path: None,
    environment: EngineEnvironment | None = None,
) -> Iterator[Server]:
    """Yield a ready server for the model, and leave no process behind.

    on_launch: hears the log's path just before the engine starts.
    environment: another one than the installed. Raises the PlumblineError that says why the engine cannot serve.
    """
    check(spec, code_roots=settings.code_roots, repositories=settings.repositories)
    if spec.kind == "remote":
        yield _remote_server(spec, model, settings)
        return
    check_model_folder(model)
    patience = _cancelling(should_stop)
    if environment is None:
        spec = ready(spec, settings, check=patience)
        environment = environment_for(spec, settings)
    spec = with_checked_code(spec, settings, check=patience)
    check_options(spec, environment.options)
    launch = Launch(
        engine=local_engine(spec.kind),
        spec=spec,
        model=with_absolute_path(model),
        environment=environment,
        variables=engine_variables(spec, environment, devices, settings),
        log_path=_prepared(log_path_of(settings, job_id, attempt, side)),
        start_timeout_s=settings.start_timeout_s,
        should_stop=should_stop,
    )
    on_launch(launch.log_path)
    with _local_server(launch) as server:
        yield server


@contextmanager
def _local_server(launch: Launch) -> Iterator[Server]:
    server, process = launch_on_free_port(launch)
    try:
        yield server
    except EngineUnreachableError as error:
        failure = _wait_for_death(server)
        if failure is None:
            raise
        raise failure from error
    finally:
        process.stop()


def _wait_for_death(server: Server) -> PlumblineError | None:
    """Return why the engine died, or None: a connection breaks a moment before the exit is noted."""
    deadline = time.monotonic() + NOTICE_S
    while (failure := server.has_died()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return failure


def _remote_server(spec: EngineSpec, model: ModelSpec, settings: Settings) -> Server:
    started_at = time.time()
    base_url = remote.root_url(spec.base_url or "")
    key = remote.key_for(base_url, settings.home)
    remote.probe(base_url, key)
    return Server(
        base_url=base_url,
        served_model=spec.served_model or model.path,
        capabilities=frozenset(spec.capabilities),
        started_at=started_at,
        ready_at=time.time(),
        api_key=key,
    )


def _cancelling(should_stop: Callable[[], bool]) -> Callable[[], None]:
    def check() -> None:
        if should_stop():
            raise CancelledError("The job was cancelled while its code was fetched.", remedy="Submit it again.")

    return check


def engine_variables(
    spec: EngineSpec, environment: EngineEnvironment, devices: Sequence[str], settings: Settings
) -> dict[str, str]:
    """Return the whole environment of an engine's process; devices: UUIDs of the GPUs that it may see."""
    cores = len(os.sched_getaffinity(0))
    return engine_environment(
        os.environ,
        additions=environment.completed(local_engine(spec.kind).environment(spec)),
        devices=devices,
        threads=cpu_threads(cores=cores, slots=settings.cpu_slots) if spec.device == "cpu" else None,
    )


def _prepared(log_path: Path) -> Path:
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return log_path
