"""Put prompts to one server: alone, all together, and with their beginnings in the prefix cache."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence

from evals.client import EngineClient
from evals.errors import PlumblineError, RequestRefusedError
from evals.parity.asking.probes import Prefill, Probe
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet
from evals.parity.records import CACHED_FROM, FLUSH, PREFIX_CACHE, REFUSED, Mode, Record
from evals.parity.settings import ParitySettings

IN_FLIGHT = 64
"""How many prompts are under way at most when they are asked together."""

_FLUSH = "/flush_cache?timeout=10"
_FLUSH_PAUSES_S = (0.5, 1.0)
"""Between tries: SGLang refuses while anything runs, and waits itself for as long as the address says."""

COLD = 5
"""So many prompts, the longest ones, of which nothing came from the cache, and there is none: a cache in pages of 64
tokens has nothing of short prompts."""

_ABSENT = (404, 405)
_NO_CACHE = "no prompt came from a prefix cache"


class Passes:
    """Ask prompts in each mode; `records` fills, `left_out` names what the server refused and `notes` what was odd."""

    def __init__(
        self, client: EngineClient, prompts: PromptSet, settings: ParitySettings, heard: Callable[[Record], None]
    ) -> None:
        self.records: dict[tuple[str, Mode], Record] = {}
        self.left_out: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self._client = client
        self._image_token = prompts.image_token
        self._settings = settings
        self._heard = heard
        self._flushes = True

    def know(self, records: Iterable[Record]) -> None:
        """Take over what was heard before; it is not asked again."""
        self.records.update({(record.prompt, record.mode): record for record in records})

    async def alone(self, prompts: Sequence[Prompt]) -> None:
        """Ask one prompt after the other, each with an empty prefix cache."""
        for prompt in prompts:
            if (prompt.name, Mode.ALONE) not in self.records:
                await self._flush()
                await self._put(prompt, self._probe(prompt, Mode.ALONE))

    async def together(self, prompts: Sequence[Prompt]) -> None:
        """Ask all prompts at once; after an interruption all of them again, for a part would be another batch."""
        if self.is_together(prompts):
            return
        self.records = {key: record for key, record in self.records.items() if key[1] is not Mode.TOGETHER}
        await self._flush()
        places, batch = asyncio.Semaphore(IN_FLIGHT), secrets.token_hex(4)

        async def one(prompt: Prompt) -> None:
            async with places:
                await self._put(prompt, self._probe(prompt, Mode.TOGETHER, batch=batch))

        await all_of([one(prompt) for prompt in prompts])

    def is_together(self, prompts: Sequence[Prompt]) -> bool:
        """Tell whether all of these prompts were heard in one and the same pass of all together."""
        known = [self.records.get((prompt.name, Mode.TOGETHER)) for prompt in prompts]
        batches = {None if record is None else record.batch for record in known}
        return None not in batches and len(batches) < 2

    async def cached(self, prompts: Sequence[Prompt]) -> None:
        """Let the server read the first two thirds of each prompt, then ask the whole, the longest prompt first.

        Of a prompt with pictures it reads all. Ends where the server says of the first five that nothing came from its
        cache.
        """
        for prompt in sorted(prompts, key=self._length_of, reverse=True):
            length = self._length_of(prompt)
            if length < CACHED_FROM or (prompt.name, Mode.CACHED) in self.records:
                continue
            cut = 2 * length // 3
            await self._flush()
            await self._client.ask(Prefill(prompt=prompt, ids=None if prompt.ids is None else prompt.ids[:cut]))
            await self._put(prompt, self._probe(prompt, Mode.CACHED, prefix=cut))
            if self._is_cold():
                self.notes[PREFIX_CACHE] = _NO_CACHE
                return

    def _is_cold(self) -> bool:
        """Tell whether so far nothing came from a cache."""
        told = [record.cached_tokens for (_, mode), record in self.records.items() if mode is Mode.CACHED]
        return len(told) >= COLD and told.count(0) == len(told)

    def can_cache(self, prompt: Prompt) -> bool:
        """Tell whether a prompt is long enough for the cached pass, as far as its length is known by now."""
        return bool(prompt.pictures) or self._length_of(prompt) >= CACHED_FROM

    def _length_of(self, prompt: Prompt) -> int:
        if prompt.ids is not None:
            return len(prompt.ids)
        known = self.records.get((prompt.name, Mode.ALONE))
        return 0 if known is None else len(known.prompt_ids)

    def _probe(self, prompt: Prompt, mode: Mode, *, prefix: int = 0, batch: str = "") -> Probe:
        known = self.records.get((prompt.name, Mode.ALONE))
        return Probe(
            prompt=prompt,
            mode=mode,
            top_k=self._settings.top_k,
            decode_tokens=self._settings.decode_tokens,
            prefix=prefix,
            ids=prompt.ids if prompt.ids is not None or not prefix or known is None else known.prompt_ids,
            image_token=self._image_token,
            batch=batch,
        )

    async def _put(self, prompt: Prompt, probe: Probe) -> None:
        """Ask; a prompt that the server refuses is left out, a server that lacks the endpoint is an error."""
        try:
            record, _ = await self._client.ask(probe)
        except RequestRefusedError as error:
            status = error.details.get("status")
            if status != 400:
                raise _without_endpoint(error) if status in _ABSENT else error from None
            self.left_out[prompt.name] = f"{REFUSED}: {error.message}"
            return
        self.records[(prompt.name, probe.mode)] = record
        self._heard(record)

    async def _flush(self) -> None:
        """Empty the prefix cache; a server that cannot, or will not when asked thrice, is noted and not asked again."""
        if not self._flushes:
            return
        status = await self._client.post_status(_FLUSH)
        for pause in _FLUSH_PAUSES_S:
            if status < 300 or status in _ABSENT:
                break
            await asyncio.sleep(pause)
            status = await self._client.post_status(_FLUSH)
        if status >= 300:
            self._flushes = False
            self.notes[FLUSH] = f"not done: /flush_cache answers with HTTP {status}"


async def all_of(work: Sequence[Awaitable[None]]) -> None:
    """Wait for all of it; the first error ends the rest and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _without_endpoint(error: PlumblineError) -> RequestRefusedError:
    return RequestRefusedError(
        f"the server has no /generate: {error.message}",
        remedy="parity needs SGLang's native protocol; name an SGLang server or Plumbline's own over transformers",
    )
