"""HTTP as servers break it: each fault has its kind, and no connection is left behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from evals.transport import connection as connection_module
from evals.transport.faults import (
    ConnectionBrokenError,
    NoAnswerInTimeError,
    NoConnectionError,
    NotHttpError,
    TransportError,
)
from evals.transport.pool import Pool
from tests.unit.evals.transport.talking import OK, Play, Served, asked, read_request, saying


def test_a_request_that_meets_a_closing_connection_is_sent_over_a_new_one(play: Play) -> None:
    met = 0

    async def hang_up_at_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        first = met == 1
        await read_request(reader)
        writer.write(OK)
        if first:
            await read_request(reader)
            writer.close()

    async def ask() -> bytes:
        async with Served(hang_up_at_the_second) as pool:
            await pool.request("POST", "/x")
            return (await pool.request("POST", "/x")).body

    assert play(ask()) == b"ok"
    assert met == 2


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        ((), ConnectionBrokenError),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",), ConnectionBrokenError),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",), ConnectionBrokenError),
        ((b"SSH-2.0-OpenSSH\r\n",), NotHttpError),
        ((b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",), TransportError),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",), NotHttpError),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + 200 * b"x",), NotHttpError),
    ],
    ids=["no answer", "short", "short chunk", "no HTTP", "upgrade", "bad chunk", "too large"],
)
def test_a_broken_answer_is_a_fault_of_its_kind(
    play: Play, pieces: tuple[bytes, ...], fault: type[TransportError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MAX_BODY_BYTES", 100)
    with pytest.raises(fault):
        asked(play, saying(*pieces, close=True))


def test_an_answer_that_does_not_come_in_time_is_given_up_with_its_connection(play: Play) -> None:
    gone = asyncio.Event()

    async def sleep_on_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await reader.read()
        gone.set()

    async def ask() -> None:
        async with Served(sleep_on_it, timeout_s=0.05) as pool:
            with pytest.raises(NoAnswerInTimeError, match=r"0\.05 s"):
                await pool.request("POST", "/x")
            await gone.wait()

    play(ask())
    assert gone.is_set()


def test_a_cancelled_request_closes_its_connection_so_that_the_engine_can_stop(play: Play) -> None:
    async def ask() -> bool:
        gone = asyncio.Event()
        reached = asyncio.Event()

        async def work_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            reached.set()
            with suppress(ConnectionResetError):
                await reader.read()
            gone.set()

        async with Served(work_on) as pool:
            request = asyncio.ensure_future(pool.request("POST", "/x"))
            await reached.wait()
            request.cancel()
            await gone.wait()
            return request.cancelled() or request.done()

    assert play(ask())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "http://" + 70 * "a" + ".x"])
def test_nobody_there_is_no_connection(play: Play, url: str) -> None:
    async def ask() -> None:
        await Pool(url, headers={}, limit=1, timeout_s=10).request("GET", "/")

    with pytest.raises(NoConnectionError, match="no connection to"):
        play(ask())
