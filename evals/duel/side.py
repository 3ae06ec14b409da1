"""One side of a running duel: its server is probed, flushed, and put a pass to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evals.client import EngineClient
from evals.duel.apart import Apart
from evals.duel.contenders import Address, Contender, DuelObserver
from evals.duel.forms import Form, Taken, taken_of
from evals.duel.loads import load_of
from evals.duel.measuring import Slot, measure
from evals.duel.results import Pass
from evals.duel.settings import ServingSettings, levels
from evals.duel.spoiling import GONE, spoiled_by_gpu
from evals.errors import EngineUnreachableError, PlumblineError, RequestRefusedError
from evals.serving.load import Load
from evals.transport.loop import run_loop

_FLUSH = "/flush_cache?timeout=10"
_FIRST_LIMIT_S, _LEAST_LIMIT_S, _OVER_LONGEST = 1800.0, 300.0, 10


class Side:
    """Put passes to one side; its address is handed in each time, for a launch may have changed it."""

    def __init__(
        self,
        name: str,
        contender: Contender,
        settings: ServingSettings,
        observer: DuelObserver,
        apart: Apart,
        nonce: int = 0,
    ) -> None:
        self.name = name
        self.contender = contender
        self.taken: Taken | None = None
        self._settings = settings
        self._observer = observer
        self._apart = apart
        self._nonce = nonce
        self._flushes: list[int] = []
        self.longest_s: dict[int, float] = {}

    @property
    def notes(self) -> list[str]:
        """Return how often caches were not flushed, with the status that was answered last."""
        refused = [status for status in self._flushes if status >= 300]
        if not refused:
            return []
        often = f"{len(refused)} of {len(self._flushes)} times"
        return [f"the {self.name}'s caches were not flushed {often}: /flush_cache answers with HTTP {refused[-1]}"]

    def probe(self, address: Address, form: Form, tokenizer: Path | None) -> Form:
        """Return the form that the server takes, at most the one that is given; faults are those of `taken_of`."""
        load = self._load(address, tokenizer, level=levels(self._settings)[0], round=0)
        self.taken = self._apart.call(_FIRST_LIMIT_S, taken_of, load, form)
        return self.taken.form

    def run(
        self, address: Address, form: Form, tokenizer: Path | None, slot: Slot, reasons: Sequence[str] = ()
    ) -> Pass:
        """Flush caches, run a pass, hand it to the observer and return it; reasons: why it cannot count.

        Raises EngineUnreachableError when the engine is gone; a pass in which it went is handed over before.
        """
        self._flush(address)
        load = form.of(self._load(address, tokenizer, level=slot.level, round=slot.round))
        with self._observer.watch() as used:
            done, raw = self._measured(load, slot)
            gpus = used()
        done = replace(done, gpus=gpus, spoiled=(*done.spoiled, *reasons, *spoiled_by_gpu(gpus)))
        self.longest_s[slot.level] = max(self.longest_s.get(slot.level, 0.0), done.length_s)
        gone = self._gone(load, done) if done.faults else None
        if gone is not None:
            done = replace(done, spoiled=(*done.spoiled, GONE))
        self._observer.on_pass(done, raw)
        if gone is not None:
            raise gone
        return done

    def _load(self, address: Address, tokenizer: Path | None, *, level: int, round: int) -> Load:
        return load_of(
            self._settings,
            base_url=address.base_url,
            model=address.served_model,
            tokenizer=tokenizer,
            api_key=address.api_key,
            level=level,
            round=round,
            nonce=self._nonce,
        )

    def _measured(self, load: Load, slot: Slot) -> tuple[Pass, bytes]:
        limit_s = self.limit_s(slot.level)
        try:
            return self._apart.call(limit_s, measure, load, slot, self._settings.limits)
        except TimeoutError:
            return _overlong(slot, load.requests, limit_s), b""

    def limit_s(self, level: int) -> float:
        """Return how long a pass may take: fewer in flight take longer, and a first pass at a level may compile."""
        if level in self.longest_s:
            return max(_LEAST_LIMIT_S, _OVER_LONGEST * self.longest_s[level])
        expected = [length_s * other / max(level, 1) for other, length_s in self.longest_s.items()]
        return max([_FIRST_LIMIT_S, *(_OVER_LONGEST * one_s for one_s in expected)])

    def _gone(self, load: Load, done: Pass) -> EngineUnreachableError | None:
        """Ask a small request after a pass with faults; return the error when the server is not there any more."""
        faults = ", ".join(f"{count} times {fault}" for fault, count in sorted(done.faults.items()))
        try:
            self._apart.call(_LEAST_LIMIT_S, taken_of, load, Form(endpoint=load.endpoint))
        except (EngineUnreachableError, RequestRefusedError, TimeoutError) as error:
            if done.whole and isinstance(error, RequestRefusedError):
                return None
            said = error.message if isinstance(error, PlumblineError) else "a small request got no answer"
            return EngineUnreachableError(
                f"the {self.name} did not outlive a pass at {done.level} in flight ({faults}): {said}",
                remedy="look at the engine's log; the job is tried again by itself",
            )
        return None

    def _flush(self, address: Address) -> None:
        """Empty the prefix cache; a server that cannot or will not this time is noted, and asked again next time."""
        if not self.contender.flush:
            return

        async def ask() -> int:
            async with EngineClient(address.base_url, api_key=address.api_key) as client:
                return await client.post_status(_FLUSH)

        self._flushes.append(run_loop(ask()))


def _overlong(slot: Slot, requests: int, limit_s: float) -> Pass:
    """Return what is known of a pass that was ended because it did not end."""
    return Pass(
        round=slot.round,
        level=slot.level,
        side=slot.side,
        place=slot.place,
        started_s=0.0,
        length_s=limit_s,
        values={},
        requests=requests,
        whole=0,
        faults={f"the pass took longer than {limit_s:.0f} s": requests},
    )
