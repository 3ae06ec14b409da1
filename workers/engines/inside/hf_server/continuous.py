"""Decode plain greedy requests with transformers' continuous batching, and all others stepwise beside it.

Continuous batching keeps its own thread, a paged cache and shared prompt prefixes. It knows neither stop strings, which
are checked here after each token, nor log-probabilities of tokens that were not chosen, nor seeds, nor images. Requests
that need one of those run in a StepwiseBatch, for whose steps the other thread is paused, since both use one model.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from transformers import ContinuousBatchingConfig, GenerationConfig

from .loading import LoadedModel
from .requests import Event, FailureEvent, Finish, GenerationRequest, TokenEvent
from .stepwise import StepwiseBatch, describe
from .stopping import StopCheck

logger = logging.getLogger(__name__)
PAGE_TOKENS = 256
CPU_CACHE_TOKENS = 65536
GPU_CACHE_SHARE = 0.7  # of the free memory; the rest is for the stepwise requests
POLL_S = 0.005


@dataclass(kw_only=True)
class Running:
    """A request in transformers' hands, with the tokens that were passed on."""

    request: GenerationRequest
    stop: StopCheck
    output_ids: list[int]


class ContinuousBatch:
    """Hold the running requests of both kinds; used by the scheduler's thread."""

    name = "continuous"

    def __init__(self, loaded: LoadedModel, max_rows: int) -> None:
        self._loaded = loaded
        self._max_rows = max_rows
        self._stepwise = StepwiseBatch(loaded, max_rows)
        self._running: dict[str, Running] = {}
        self._names = count()
        self._manager = self._start()

    @property
    def capacity(self) -> int:
        """How many requests may join now."""
        return self._stepwise.capacity - len(self._running)

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return bool(self._running) or self._stepwise.busy

    def admit(self, requests: Sequence[GenerationRequest]) -> Iterator[list[Event]]:
        """Hand plain requests over, and run the prompts of the others."""
        yield self._revive()
        others = [request for request in requests if not is_plain(request)]
        for request in requests:
            if is_plain(request):
                self._hand_over(request)
        if others:
            with self._manager.pause():
                yield from self._stepwise.admit(others)

    def step(self) -> list[Event]:
        """Collect the tokens that are there, and advance the stepwise requests."""
        events = self._revive()
        if self._stepwise.busy:
            with self._manager.pause():
                events += self._stepwise.step()
        if self._running:
            events += self._collect(0 if events else POLL_S)
        return events

    def abort(self, rid: str) -> bool:
        """Take a request out; tell whether it was here."""
        names = [name for name, running in self._running.items() if running.request.rid == rid]
        for name in names:
            del self._running[name]
            self._manager.cancel_request(name)
        return bool(names) or self._stepwise.abort(rid)

    def _hand_over(self, request: GenerationRequest) -> None:
        name = f"{request.rid}-{next(self._names)}"  # an aborted request's id may come again
        eos = self._loaded.eos_token_ids
        stops = set() if request.sampling.ignore_eos else eos | request.sampling.stop_token_ids
        stop = StopCheck(self._loaded.tokenizer, request.sampling, eos)
        self._running[name] = Running(request=request, stop=stop, output_ids=[])
        self._manager.add_request(
            list(request.prompt_ids),
            request_id=name,
            max_new_tokens=request.sampling.max_new_tokens,
            streaming=True,
            eos_token_id=sorted(stops) or -1,
        )

    def _collect(self, wait_s: float) -> list[Event]:
        events: list[Event] = []
        result = self._manager.get_result(timeout=wait_s) if wait_s else None
        while result is not None or not self._manager.output_router.output_queue.empty():
            if result is not None:
                events += self._events(result)
            result = self._manager.get_result(timeout=0.001)
        return events

    def _events(self, result: Any) -> list[Event]:
        running = self._running.get(result.request_id)
        if running is None:  # ended by a stop string or aborted
            return []
        if result.error is not None:
            del self._running[result.request_id]
            return [FailureEvent(rid=running.request.rid, message=f"the model failed: {result.error}")]
        new: list[int] = []
        finish: Finish | None = None
        for token in result.generated_tokens[len(running.output_ids) :]:
            new.append(token)
            running.output_ids.append(token)
            finish = running.stop.finish(running.output_ids)
            if finish is not None:
                del self._running[result.request_id]
                if not result.is_finished():
                    self._manager.cancel_request(result.request_id)
                break
        return [TokenEvent(rid=running.request.rid, token_ids=tuple(new), finish=finish)] if new else []

    def fail(self, error: Exception) -> list[Event]:
        """End every running request, for a step that failed as a whole."""
        failed = [running.request.rid for running in self._running.values()]
        for name in self._running:
            self._manager.cancel_request(name)
        self._running.clear()
        return [*self._stepwise.fail(error), *(FailureEvent(rid=rid, message=describe(error)) for rid in failed)]

    def _revive(self) -> list[Event]:
        """Start transformers' thread again if it ended; requests it had begun fail, those it never saw begin anew."""
        status = self._manager.background_thread_status
        if self._manager.is_running() and status.fatal_error is None:
            return []
        events = self._collect(0)
        logger.error("continuous batching ended (%s); starting it again", status.fatal_error)
        self._manager.destroy()
        self._manager = self._start()
        left = list(self._running.values())
        self._running.clear()
        for running in left:
            if running.output_ids:
                events.append(FailureEvent(rid=running.request.rid, message=f"the model failed: {status.fatal_error}"))
            else:
                self._hand_over(running.request)
        return events

    def _start(self) -> Any:
        manager = self._loaded.model.init_continuous_batching(
            generation_config=GenerationConfig(do_sample=False, eos_token_id=sorted(self._loaded.eos_token_ids) or -1),
            continuous_batching_config=cache_config(self._loaded, self._max_rows),
        )
        manager.start()
        return manager


def is_plain(request: GenerationRequest) -> bool:
    """Tell whether transformers' continuous batching can answer a request on its own."""
    sampling = request.sampling
    greedy = sampling.greedy and not sampling.reshapes_logits and sampling.max_new_tokens > 0
    return greedy and request.logprobs is None and request.features is None


def supports(loaded: LoadedModel) -> bool:
    """Tell whether transformers' continuous batching can run this model."""
    attention = loaded.model.config._attn_implementation
    known = attention in ("sdpa", "eager", "paged|eager") or "flash" in attention
    stateful = bool(getattr(loaded.model, "_is_stateful", False))
    return known and not stateful and hasattr(loaded.model, "init_continuous_batching") and loaded.processor is None


def cache_config(loaded: LoadedModel, max_rows: int) -> ContinuousBatchingConfig:
    """Return the settings: a share of a GPU's free memory, or a fixed number of tokens on a CPU."""
    common: dict[str, Any] = {"max_requests_per_batch": max_rows, "page_size": PAGE_TOKENS}
    common["auto_switch_to_flash"] = False  # the attention is the one the server was started with
    if loaded.device.type != "cpu":
        return ContinuousBatchingConfig(max_memory_percent=GPU_CACHE_SHARE, **common)
    tokens = max(min(max_rows * loaded.context_length, CPU_CACHE_TOKENS), 2 * loaded.context_length)
    return ContinuousBatchingConfig(
        num_blocks=math.ceil(tokens / PAGE_TOKENS),
        max_batch_tokens=min(2048, tokens),
        use_cuda_graph=False,
        use_async_batching=False,
        **common,
    )
