"""What a duel is given and what it gives back: two servers, somebody who listens, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evals.duel.results import Echo, GpuUse, Pass


class Address(Protocol):
    """Say where a server is and what its model is called there; a worker's Server is one."""

    @property
    def base_url(self) -> str:
        """Return the address without /v1."""

    @property
    def served_model(self) -> str:
        """Return the name to put into requests."""

    @property
    def api_key(self) -> str | None:
        """Return what is sent as Bearer token."""


Measured = Callable[[float], AbstractContextManager[Address]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Hold one side of a duel.

    measured: entering it means that this side's server is up and ready, and that the other one takes no processor; its
    argument chooses where a server that rested goes on (see `evals.duel.order.processors_of`).
    launches: whether entering starts the server anew (alternate launches): it is then entered once a round, warmed up
    and asked at all levels before it is left; else entered for every pass. tokenizer: the model's folder. flush:
    whether /flush_cache is asked before every pass; a server without it is noted.
    """

    measured: Measured
    launches: bool = False
    tokenizer: Path | None = None
    flush: bool = True


@contextmanager
def _unwatched() -> Iterator[Callable[[], tuple[GpuUse, ...]]]:
    yield tuple


@dataclass(frozen=True, kw_only=True)
class DuelObserver:
    """Listen to a duel.

    on_pass: each pass when it has ended, with its raw JSON (as `python -m evals serving --json` writes it; empty when
    it never ended). on_progress: passes done, and how many there will be if every look is needed. check: raises to
    stop; asked several times a second. watch: samples the GPUs while its block lasts, and tells what they did.
    """

    on_pass: Callable[[Pass, bytes], None] = lambda done, raw: None
    on_progress: Callable[[int, int], None] = lambda done, total: None
    check: Callable[[], None] = lambda: None
    watch: Callable[[], AbstractContextManager[Callable[[], tuple[GpuUse, ...]]]] = _unwatched


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Say how both sides were asked: see `evals.serving.load.Load`.

    nonce: of this duel alone, part of the seed of its inputs. tokenizer: the folder, empty where none was named.
    """

    nonce: int = 0
    endpoint: str = "native"
    force_lengths: bool = True
    tokenizer: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what a duel saw: all passes, those that were known before it among them.

    echoes: what the client can do on this machine. stopped: why no further round was run. facts: what the load was, in
    words. asked: what a pass of it needs to be repeated beside the settings.
    """

    passes: tuple[Pass, ...]
    echoes: tuple[Echo, ...] = ()
    stopped: str = ""
    notes: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    asked: Asked = Asked()
