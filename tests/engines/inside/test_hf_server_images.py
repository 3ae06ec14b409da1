"""Images through both engines: the same pictures in the same places give the same answers."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engines

Start = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def hf_vision(start_hf: Start, demo_vlm: Path) -> Iterator[Any]:
    with start_hf(demo_vlm) as server:
        yield server


@pytest.fixture(scope="module")
def sglang_vision(start_sglang: Start, demo_vlm: Path) -> Iterator[Any]:
    with start_sglang(demo_vlm) as server:
        yield server


def picture(seed: int, width: int = 200, height: int = 150, channels: int = 3) -> dict[str, Any]:
    """Draw coloured rectangles on white (grey ones for a single channel)."""
    draw = random.Random(seed)
    rows = [bytearray(b"\xff" * width * channels) for _ in range(height)]
    for _ in range(6):
        left, right = draw.randrange(width // 2), draw.randrange(width // 2, width)
        colour = bytes(draw.randrange(256) for _ in range(channels))
        for row in rows[draw.randrange(height // 2) : draw.randrange(height // 2, height)]:
            row[left * channels : right * channels] = colour * (right - left)
    address = base64.b64encode(png(rows, width, channels)).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{address}"}}


def png(rows: list[bytearray], width: int, channels: int) -> bytes:
    """Write 8-bit pixels as a PNG file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


CONTENTS = {
    "one picture": [picture(1), text("What is in the picture?")],
    "two pictures among words": [text("Look: "), picture(2, 300, 301), text(" and "), picture(3, 100, 90), text("?")],
    "a picture that is scaled down": [picture(4, 900, 611), text("Describe the picture.")],
    "a grey picture": [picture(5, channels=1), text("Describe the picture.")],
    "a transparent picture": [picture(6, channels=4), text("Describe the picture.")],
    "words alone": [text("2 + 3?")],
}


def ask(server: Any, content: list[dict[str, Any]]) -> Any:
    messages = [{"role": "user", "content": content}]
    body = {"model": "demo", "messages": messages, "max_tokens": 24, "temperature": 0, "logprobs": True}
    answer = server.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", CONTENTS)
def test_answers_about_pictures_equal_sglangs(hf_vision: Any, sglang_vision: Any, name: str) -> None:
    ours, theirs = ask(hf_vision, CONTENTS[name]), ask(sglang_vision, CONTENTS[name])
    assert ours["choices"][0]["message"]["content"] == theirs["choices"][0]["message"]["content"]
    assert ours["usage"] == {count: theirs["usage"][count] for count in ours["usage"]}
    mine, other = (
        [token["logprob"] for token in answer["choices"][0]["logprobs"]["content"]] for answer in (ours, theirs)
    )
    assert mine == pytest.approx(other, abs=1e-4)


def test_pictures_in_a_batch_get_the_answers_they_get_alone(hf_vision: Any) -> None:
    contents = [*CONTENTS.values(), *([picture(seed), text("Describe the picture.")] for seed in range(10, 20))]
    alone = [ask(hf_vision, content)["choices"][0]["message"]["content"] for content in contents]
    with ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(lambda content: ask(hf_vision, content), contents))
    assert [answer["choices"][0]["message"]["content"] for answer in answers] == alone
    assert len(set(alone)) > 3


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("data:image/png;base64,AAAA", "cannot be read"),
        ("data:image/png;base64,%%%", "cannot be read"),
        ("http://127.0.0.1/cat.png", "data URL"),
        (None, "data URL"),
    ],
)
def test_a_picture_that_cannot_be_read_is_refused(hf_vision: Any, url: str | None, named: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}, text("?")]
    answer = hf_vision.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": content}]})
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
