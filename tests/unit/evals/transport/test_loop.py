"""The event loop: the fast one where it is there, none missing where it is not."""

from __future__ import annotations

import asyncio
import sys

import pytest

from evals.transport.loop import run_loop


async def kind_of_loop() -> str:
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_coroutines_run_in_uvloop() -> None:
    assert run_loop(kind_of_loop()) == "uvloop"


def test_without_uvloop_asyncio_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run_loop(kind_of_loop()) == "asyncio"


def test_an_error_comes_out_as_it_is() -> None:
    async def fail() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run_loop(fail())
