"""What a server says of itself, as far as it decides what can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.client import EngineClient
from evals.parity.records import CHUNK, KEEPS_NO_CACHE, PREFIX_CACHE, RUNNING, SERVED_DTYPE

_SERVER_INFO = "/server_info"
_DTYPES = frozenset({"float32", "bfloat16", "float16"})


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Hold a server's limits in tokens, None where it does not tell; chunk: of prefill, -1 when it takes all at once.

    dtype: the one it serves in, None also for an "auto" that nobody settled. folder: where it says that its model lies.
    running: how many requests it works on at once at most. caches: False where it says that it keeps no prefix cache.
    """

    context: int | None
    pool: int | None
    chunk: int | None
    dtype: str | None
    engine: str | None
    folder: Path | None
    running: int | None = None
    caches: bool = True

    def room(self) -> tuple[int, str] | None:
        """Return how many tokens a prompt and its answer may have, and what sets that limit."""
        limits = [(self.context, "the context"), (self.pool, "the server's room for keys and values")]
        known = [(limit, what) for limit, what in limits if limit]
        return min(known) if known else None

    def notes(self) -> dict[str, str]:
        """Return what may differ between two servers, in words."""
        chunk = None if self.chunk is None else f"{self.chunk:,} tokens" if self.chunk > 0 else "whole prompts"
        told = {
            "engine": self.engine,
            SERVED_DTYPE: self.dtype,
            "context": self.context and f"{self.context:,} tokens",
            "room for keys and values": self.pool and f"{self.pool:,} tokens",
            CHUNK: chunk,
            PREFIX_CACHE: None if self.caches else KEEPS_NO_CACHE,
        }
        return {name: str(value) for name, value in told.items() if value}

    def limits(self) -> dict[str, int]:
        """Return the numbers that are judged, as far as the server tells them."""
        return {name: value for name, value in ((CHUNK, self.chunk), (RUNNING, self.running)) if value is not None}


async def ask_serving(client: EngineClient) -> Serving:
    """Return what `/server_info` and `/v1/models` say; faults are those of the client."""
    info: Any = await client.get_json(_SERVER_INFO)
    info = info if isinstance(info, dict) else {}
    models: Any = await client.get_json("/v1/models")
    listed = models.get("data") if isinstance(models, dict) else None
    card = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    dtype = info.get("dtype")
    return Serving(
        context=_count(card.get("max_model_len")) or _count(info.get("context_length")),
        pool=_count(info.get("max_total_num_tokens")),
        chunk=_chunk(info.get("chunked_prefill_size")),
        dtype=dtype if dtype in _DTYPES else None,
        engine=_engine(info),
        folder=_folder(info),
        running=_running(info),
        caches=info.get("disable_radix_cache") is not True,
    )


def _engine(info: Mapping[str, Any]) -> str | None:
    version = info.get("version")
    name = info.get("engine") or ("sglang" if "chunked_prefill_size" in info else None)
    return " ".join(str(word) for word in (name, version) if word) or None


def _folder(info: Mapping[str, Any]) -> Path | None:
    named = info.get("tokenizer_path") or info.get("model_path")
    return Path(named) if isinstance(named, str) and Path(named).is_dir() else None


def _running(info: Mapping[str, Any]) -> int | None:
    """Return the least of what SGLang was told, of what it has room for, and of what our transformers server takes."""
    states = info.get("internal_states")
    told = [info.get("max_running_requests"), info.get("max_batch_size")]
    told += [
        state.get("effective_max_running_requests_per_dp")
        for state in (states if isinstance(states, list) else ())
        if isinstance(state, dict)
    ]
    return min((number for value in told if (number := _count(value)) is not None), default=None)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _chunk(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
