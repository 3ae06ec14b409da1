"""HTTP as servers really speak it: answers, requests, and connections that are used again."""

from __future__ import annotations

import asyncio

import pytest

from evals.transport.pool import Pool
from tests.unit.evals.transport.talking import OK, Play, Served, Talk, asked, read_request, saying


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
