"""HTTP as servers really speak it, and as they break it: byte by byte, against scripted servers."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from evals.transport import connection as connection_module
from evals.transport.connection import Answer
from evals.transport.faults import (
    ConnectionBrokenError,
    NoAnswerInTimeError,
    NoConnectionError,
    NotHttpError,
    TransportError,
)
from evals.transport.pool import Pool

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Play = Callable[[Coroutine[Any, Any, Any]], Any]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Play:
    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(asyncio.wait_for(coroutine, timeout=20))

    return run


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


def saying(*pieces: bytes, close: bool = False) -> Talk:
    """Answer every request with these bytes, piece by piece."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await read_request(reader)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.002)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    return talk


class Served:
    """Hold a scripted server with a pool that speaks to it; `connections` counts."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None, **settings: Any) -> None:
        self._talk = talk
        self._tls = tls
        self._settings = {"headers": {}, "limit": 8, "timeout_s": 5.0, **settings}
        self.connections = 0

    async def __aenter__(self) -> Pool:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        self._pool = Pool(f"{scheme}://{host}:{port}/gate", **self._settings)
        return self._pool

    async def __aexit__(self, *_: object) -> None:
        self._pool.close()
        self._server.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._talk(reader, writer)


def asked(play: Play, talk: Talk, **settings: Any) -> Answer:
    async def ask() -> Answer:
        async with Served(talk, **settings) as pool:
            return await pool.request("POST", "/x", b"{}")

    answer = play(ask())
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    "pieces",
    [
        (OK,),
        tuple(OK[i : i + 1] for i in range(len(OK))),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n", b"1;x=y\r\nk\r\n0\r\nTrailer: t\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,),
    ],
    ids=["at once", "byte by byte", "in chunks", "after 100", "after 103"],
)
def test_a_body_arrives_whole_however_it_is_cut(play: Play, pieces: tuple[bytes, ...]) -> None:
    answer = asked(play, saying(*pieces))
    assert (answer.status, answer.body) == (200, b"ok")


def test_a_body_without_a_length_ends_with_the_connection(play: Play) -> None:
    assert asked(play, saying(b"HTTP/1.1 200 OK\r\n\r\no", b"k", close=True)).body == b"ok"


def test_every_status_is_an_answer_and_headers_are_found_in_lower_case(play: Play) -> None:
    answer = asked(play, saying(b"HTTP/1.1 307 Away\r\nLOCATION: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"))
    assert (answer.status, answer.body, answer.headers[b"location"]) == (307, b"", b"http://elsewhere/")


def test_the_request_names_host_and_path_and_carries_the_headers(play: Play) -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, body = await read_request(reader)
        heads.append(head + body)
        writer.write(OK)

    asked(play, talk, headers={"Authorization": "Bearer k"})
    lines = heads[0].split(b"\r\n")
    assert lines[0] == b"POST /gate/x HTTP/1.1"
    assert lines[1].startswith(b"Host: 127.0.0.1:")
    assert b"Authorization: Bearer k" in lines
    assert lines[-1] == b"{}"


def test_a_header_cannot_smuggle_in_another() -> None:
    with pytest.raises(ValueError, match="line break"):
        Pool("http://h", headers={"Authorization": "Bearer k\r\nX: y"}, limit=1, timeout_s=1)


def test_connections_are_used_again_and_no_more_are_opened_than_allowed(play: Play) -> None:
    async def ask() -> int:
        served = Served(saying(OK), limit=3)
        async with served as pool:
            for _ in range(2):
                await asyncio.gather(*[pool.request("POST", "/x") for _ in range(10)])
        return served.connections

    assert play(ask()) == 3


@pytest.mark.parametrize(
    "talk",
    [
        saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        saying(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        saying(OK, b"and more than was asked for"),
        saying(OK, OK),
        saying(OK + OK),
        saying(OK, close=True),
    ],
    ids=["told to close", "HTTP/1.0", "babbling", "answering twice", "twice at once", "closed after the answer"],
)
def test_a_connection_that_is_spent_is_not_used_again(play: Play, talk: Talk) -> None:
    async def ask() -> int:
        served = Served(talk)
        async with served as pool:
            for _ in range(2):
                assert (await pool.request("POST", "/x")).body == b"ok"
                await asyncio.sleep(0.02)
        return served.connections

    assert play(ask()) == 2


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    extra = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run(["openssl", *words.split(), *extra], check=True, capture_output=True)
    return folder / "certificate", folder / "key"


def secured(play: Play, certificate: tuple[Path, Path]) -> bytes:
    async def ask() -> bytes:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        async with Served(saying(OK), tls=context) as pool:
            await pool.request("POST", "/x")
            return (await pool.request("POST", "/x")).body

    body = play(ask())
    assert isinstance(body, bytes)
    return body


def test_a_trusted_certificate_is_spoken_to(
    play: Play, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert secured(play, certificate) == b"ok"


def test_a_certificate_that_nobody_vouches_for_is_refused(play: Play, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(NoConnectionError, match="certificate verify failed"):
        secured(play, certificate)
