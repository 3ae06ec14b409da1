"""Ask one server everything that a parity workload wants to hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from evals.client import EngineClient
from evals.errors import RequestRefusedError
from evals.parity.asking.passes import Passes
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet
from evals.parity.asking.serving import Serving, ask_serving
from evals.parity.asking.tokens import forms_of, resolved, tokenized
from evals.parity.records import NO_ROOM, Mode, Observation, Record, Tokenized
from evals.parity.settings import ParitySettings
from evals.transport.loop import run_loop

Heard = Record | Tokenized
Result = TypeVar("Result")
_CHECK_EVERY_S = 0.25


@dataclass(frozen=True, kw_only=True)
class ParityListener:
    """Hear every new record as it comes, how many of how many requests are done, and a check that may raise to stop.

    All are called in the event loop and must not block; check four times a second.
    """

    on_record: Callable[[Heard], None]
    on_progress: Callable[[int, int], None]
    check: Callable[[], None]


def observe(
    prompts: PromptSet,
    settings: ParitySettings,
    *,
    connect: Callable[[], EngineClient],
    full: bool,
    known: Observation | None,
    hear: ParityListener,
) -> Observation:
    """Return what one server says to all prompts, and how it tokenizes their texts.

    full: also together and from the prefix cache, if the settings want self-checks. One prompt at a time otherwise: in
    bfloat16 even our own transformers server answers a batch with other roundings than a single prompt. known: what an
    earlier attempt heard; not asked again unless it was asked something else. Raises what the client and the check
    raise, RequestRefusedError for a server that lacks the endpoint.
    """
    return run_loop(_observe(prompts, settings, connect, full and settings.self_checks, known, hear))


def resolve(prompts: PromptSet, connect: Callable[[], EngineClient]) -> PromptSet:
    """Return the prompts with all token ids known, asking a server for those that are open."""

    async def ask() -> PromptSet:
        async with connect() as client:
            return await resolved(client, prompts)

    return prompts if prompts.is_resolved else run_loop(ask())


async def _observe(
    prompts: PromptSet,
    settings: ParitySettings,
    connect: Callable[[], EngineClient],
    self_checks: bool,
    known: Observation | None,
    hear: ParityListener,
) -> Observation:
    async with connect() as client:
        fitting = settings_for(prompts, settings)
        return await _until_stopped(_Observing(client, fitting, self_checks, hear).run(prompts, known), hear.check)


class _Observing:
    def __init__(self, client: EngineClient, settings: ParitySettings, self_checks: bool, hear: ParityListener) -> None:
        self._client = client
        self._settings = settings
        self._self_checks = self_checks
        self._hear = hear
        self._done = self._total = 0
        self._caches = True

    async def run(self, prompts: PromptSet, known: Observation | None) -> Observation:
        """Ask all that is not known yet."""
        serving = await ask_serving(self._client)
        self._caches = serving.caches
        prompts = await resolved(self._client, prompts)
        facts = facts_of(prompts, self._settings)
        known = known if known is not None and dict(known.facts) in ({}, facts) else None
        fitting, left_out = _fitting(prompts, self._settings, serving)
        passes = Passes(self._client, prompts, self._settings, self._heard)
        passes.know(known.records if known is not None else ())
        self._total = self._expected(passes, fitting)
        self._tell()
        tokens = await self._tokens(fitting, known)
        await self._ask(passes, fitting)
        left_out |= passes.left_out
        if not passes.records:
            raise _nothing(left_out)
        notes = serving.notes() | passes.notes
        records = tuple(passes.records.values())
        return Observation(
            records=records, tokenized=tokens, left_out=left_out, facts=facts, notes=notes, limits=serving.limits()
        )

    async def _ask(self, passes: Passes, prompts: list[Prompt]) -> None:
        await passes.alone(prompts)
        if self._self_checks:
            taken = [prompt for prompt in prompts if prompt.name not in passes.left_out]
            await passes.together(taken)
            if self._caches:
                await passes.cached(taken)
        self._done = self._total
        self._tell()

    def _expected(self, passes: Passes, prompts: list[Prompt]) -> int:
        """Return how many requests are left."""
        wanted = [(prompt.name, Mode.ALONE) for prompt in prompts]
        if self._self_checks and self._caches:
            wanted += [(prompt.name, Mode.CACHED) for prompt in prompts if passes.can_cache(prompt)]
        together = len(prompts) if self._self_checks and not passes.is_together(prompts) else 0
        return len(set(wanted) - passes.records.keys()) + together

    async def _tokens(self, prompts: list[Prompt], known: Observation | None) -> tuple[Tokenized, ...]:
        found = {(one.prompt, one.form): one for one in (known.tokenized if known is not None else ())}
        for prompt, form in forms_of(prompts):
            if (prompt.name, form) not in found:
                found[(prompt.name, form)] = one = await tokenized(self._client, prompt, form)
                self._hear.on_record(one)
        return tuple(found.values())

    def _heard(self, record: Record) -> None:
        self._hear.on_record(record)
        self._done += 1
        self._tell()

    def _tell(self) -> None:
        self._hear.on_progress(self._done, self._total)


def settings_for(prompts: PromptSet, settings: ParitySettings) -> ParitySettings:
    """Return the settings with no more likely tokens than the model's vocabulary has."""
    most = prompts.vocabulary_size or settings.top_k
    return replace(settings, top_k=min(settings.top_k, most), compared_k=min(settings.compared_k, most))


def facts_of(prompts: PromptSet, settings: ParitySettings) -> dict[str, str]:
    """Return what two observations must share to be compared."""
    return {
        "prompts_sha256": prompts.digest(),
        "top_k": str(settings.top_k),
        "decode_tokens": str(settings.decode_tokens),
    }


def _fitting(prompts: PromptSet, settings: ParitySettings, serving: Serving) -> tuple[list[Prompt], dict[str, str]]:
    """Return the prompts that the server has room for, and why others are left out."""
    left_out = dict(prompts.left_out)
    room = serving.room()
    for prompt in prompts.prompts:
        length = len(prompt.ids or ())
        if room is not None and length + settings.decode_tokens >= room[0]:
            left_out[prompt.name] = (
                f"{NO_ROOM}: its {length:,} tokens and {settings.decode_tokens} decoded ones are more than "
                f"{room[1]} of {room[0]:,} tokens"
            )
    return [prompt for prompt in prompts.prompts if prompt.name not in left_out], left_out


def _nothing(left_out: dict[str, str]) -> RequestRefusedError:
    name, reason = next(iter(left_out.items()), ("", "there are no prompts"))
    return RequestRefusedError(
        f"no parity prompt could be asked; of {name}: {reason}",
        remedy="look at the server's log and at the model's tokenizer and context length",
    )


async def _until_stopped(work: Coroutine[Any, Any, Result], check: Callable[[], None]) -> Result:
    """Return what the work returns; raise what the check raises, with the work ended."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            check()
            await asyncio.wait({task}, timeout=_CHECK_EVERY_S)
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
