"""Run SGLang's own benchmark clients, out of the candidate's environment, beside ours on the candidate's server."""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from db.settings import Settings
from evals.client import EngineClient
from evals.duel.apart import Apart
from evals.duel.contenders import Address, Contender
from evals.duel.cross_causes import CLIENTS, Figures
from evals.duel.cross_check import compared, failed, read_theirs, words_of
from evals.duel.cross_load import cross_load, our_figures
from evals.duel.loads import seed_of
from evals.duel.results import CrossCheck
from evals.duel.settings import ServingSettings, levels
from evals.errors import CancelledError, LeaseLostError, PlumblineError
from evals.spec import EngineSpec
from evals.transport.loop import run_loop
from workers import process as processes
from workers.diagnosis import describe_exit, telling_lines
from workers.engines.base import INSIDE
from workers.engines.environments import environment_for
from workers.logs import tail
from workers.server import engine_variables

log = logging.getLogger(__name__)

_CLIENT = INSIDE / "sglang_bench" / "client.py"
_START_S, _OVER_OURS, _OUR_LIMIT_S, _LOOK_EVERY_S = 180.0, 10, 1800.0, 0.25
_FLUSH = "/flush_cache?timeout=10"


def cross_checks(
    asked: ServingSettings,
    candidate: Contender,
    engine: EngineSpec,
    *,
    settings: Settings,
    log_path: Path,
    check: Callable[[], None],
) -> tuple[CrossCheck, ...]:
    """Return what both of SGLang's clients say at each level, beside two passes of ours; a failure is in the result.

    candidate: its server, not measured by anybody else meanwhile. log_path: where the clients' output is kept. Raises
    CancelledError and LeaseLostError.
    """
    if engine.kind != "sglang":
        reason = f"it needs SGLang on this host: its clients are part of that, and the candidate is {engine.kind}"
        return tuple(failed(client, level, reason) for level in levels(asked) for client in CLIENTS)
    found: list[CrossCheck] = []
    try:
        with candidate.measured(0.0) as address, _crossing(asked, engine, settings, log_path, check) as crossing:
            for level in levels(asked):
                found += crossing.at(level, address, candidate.tokenizer)
    except (CancelledError, LeaseLostError):
        raise
    except Exception as error:
        # What the duel measured must not be lost to it, whatever it is.
        reason = error.message if isinstance(error, PlumblineError) else f"{type(error).__name__}: {error}"
        log.warning("a cross-check ended early: %s", reason, exc_info=not isinstance(error, PlumblineError))
        known = {(one.client, one.level) for one in found}
        missing = [(client, level) for level in levels(asked) for client in CLIENTS if (client, level) not in known]
        found += [failed(client, level, reason) for client, level in missing]
    return tuple(found)


@contextmanager
def _crossing(
    asked: ServingSettings, engine: EngineSpec, settings: Settings, log_path: Path, check: Callable[[], None]
) -> Iterator[_Crossing]:
    environment = environment_for(engine, settings)
    variables = engine_variables(engine, environment, (), settings)
    variables |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Apart(check) as apart, TemporaryDirectory(prefix="plumbline-cross-check-") as folder:
        yield _Crossing(
            asked=asked,
            interpreter=environment.interpreter,
            variables=variables,
            folder=Path(folder),
            log_path=log_path,
            check=check,
            apart=apart,
        )


@dataclass(frozen=True, kw_only=True)
class _Crossing:
    asked: ServingSettings
    interpreter: Path
    variables: dict[str, str]
    folder: Path
    log_path: Path
    check: Callable[[], None]
    apart: Apart

    def at(self, level: int, address: Address, tokenizer: Path | None) -> list[CrossCheck]:
        """Put one level: a pass to warm up, ours, each of the clients, and ours again."""
        if tokenizer is None:
            return [failed(client, level, "the model's folder, and so its tokenizer, is unknown") for client in CLIENTS]

        def ours(number: int) -> Figures:
            _flush(address)
            load = cross_load(self.asked, address, tokenizer=tokenizer, level=level, number=number)
            return self.apart.call(_OUR_LIMIT_S, our_figures, load)

        ours(0)
        began = time.monotonic()
        first = ours(1)
        limit_s = _START_S + _OVER_OURS * (time.monotonic() - began)
        said = [(client, *self._said(client, level, address, tokenizer, limit_s)) for client in CLIENTS]
        return [self._compared(*one, level=level, ours=[first, second]) for second in [ours(2)] for one in said]

    def _said(
        self, client: str, level: int, address: Address, tokenizer: Path, limit_s: float
    ) -> tuple[str, str | None, str]:
        """Return the command that was run, what it wrote, and why it wrote nothing."""
        _flush(address)
        file = self.folder / f"{client}-{level}.jsonl"
        words = words_of(
            client,
            self.asked,
            level=level,
            base_url=address.base_url,
            model=address.served_model,
            folder=tokenizer,
            file=file,
            seed=seed_of(self.asked.seed, 0, level),
        )
        reason = self._run([str(self.interpreter), str(_CLIENT), client, *words], limit_s)
        command = shlex.join(["python", "-m", client, *words]).replace(str(file), file.name)
        return command, file.read_text() if file.exists() and not reason else None, reason

    def _run(self, command: Sequence[str], limit_s: float) -> str:
        """Run a client to its end; return why it failed, or nothing."""
        process = processes.start(command, environment=self.variables, folder=self.folder, log_path=self.log_path)
        deadline = time.monotonic() + limit_s
        try:
            while not process.has_ended():
                self.check()
                if time.monotonic() > deadline:
                    return f"it did not end within {limit_s:.0f} s"
                time.sleep(_LOOK_EVERY_S)
        finally:
            process.stop()
        if process.exit_status == 0:
            return ""
        lines = telling_lines(tail(process.log_path, start=process.log_start))
        return f"it {describe_exit(process.exit_status)}{f': {lines[-1].strip()[:300]}' if lines else ''}"

    def _compared(
        self, client: str, command: str, written: str | None, reason: str, *, level: int, ours: Sequence[Figures]
    ) -> CrossCheck:
        if written is None:
            return failed(client, level, reason or "it wrote nothing", command)
        try:
            theirs = read_theirs(written)
        except ValueError as error:
            return failed(client, level, str(error), command)
        return compared(client, self.asked, level=level, command=command, theirs=theirs, ours=ours)


def _flush(address: Address) -> None:
    async def ask() -> int:
        async with EngineClient(address.base_url, api_key=address.api_key) as client:
            return await client.post_status(_FLUSH)

    run_loop(ask())
