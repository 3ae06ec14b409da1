"""A run's page as a stream: everything first, then what changed, beats in between, and an end."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.exc import OperationalError

import api.live
from api.live import Pieces, pieces_as_they_change


async def told(states: list[Pieces | Exception], monkeypatch: pytest.MonkeyPatch, beat_s: float = 60) -> list[str]:
    monkeypatch.setattr(api.live, "POLL_S", 0.001)
    monkeypatch.setattr(api.live, "HEARTBEAT_S", beat_s)
    left = iter(states)

    def read() -> Pieces:
        state = next(left)
        if isinstance(state, Exception):
            raise state
        return state

    return [part async for part in pieces_as_they_change(read)]


def body(event: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(event.split("data: ")[1])
    return found


async def test_only_what_changed_is_sent_after_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[Pieces | Exception] = [
        Pieces(html={"a": "1", "b": "1"}, ended=False),
        Pieces(html={"a": "1", "b": "1"}, ended=False),
        Pieces(html={"a": "1", "b": "2\n3"}, ended=True),
    ]
    retry, first, second, end = await told(states, monkeypatch)
    assert retry.startswith("retry:")
    assert body(first) == {"a": "1", "b": "1"}
    assert body(second) == {"b": "2\n3"}
    assert end.startswith("event: end")


async def test_a_quiet_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    same = Pieces(html={"a": "1"}, ended=False)
    events = await told([same, same, same, Pieces(html={"a": "1"}, ended=True)], monkeypatch, beat_s=0)
    assert sum(event.startswith("event: beat") for event in events) == 3


async def test_a_database_that_goes_away_ends_the_stream_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = OperationalError("select", {}, Exception("gone"))
    events = await told([Pieces(html={"a": "1"}, ended=False), gone], monkeypatch)
    assert len(events) == 2
    assert "event: pieces" in events[1]
