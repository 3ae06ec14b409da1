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


MARK = "<|vision_start|><|image_pad|><|vision_end|>"
SHOWN = f"<|im_start|>user\n{MARK}What is it?<|im_end|>\n<|im_start|>assistant\n"


def url_of(part: dict[str, Any]) -> str:
    return str(part["image_url"]["url"])


def generate(server: Any, **body: Any) -> Any:
    options = {"return_logprob": True, "logprob_start_len": 0, "top_logprobs_num": 3}
    params = {"sampling_params": {"temperature": 0, "max_new_tokens": 8}}
    answer = server.client.post("/generate", json=params | options | body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def likelihoods(answer: Any) -> list[float]:
    meta = answer["meta_info"]
    return [value for value, _, _ in (*meta["input_token_logprobs"][1:], *meta["output_token_logprobs"])]


@pytest.mark.parametrize(
    ("text", "pictures"),
    [
        (SHOWN, [picture(21, 37, 53)]),
        (f"Before {MARK} between {MARK}\nafter:", [picture(22, 301, 97), picture(23, 640, 33)]),
    ],
)
def test_prompt_log_probabilities_about_pictures_equal_sglangs(
    hf_vision: Any, sglang_vision: Any, text: str, pictures: list[dict[str, Any]]
) -> None:
    body = {"text": text, "image_data": [url_of(part) for part in pictures]}
    ours, theirs = generate(hf_vision, **body), generate(sglang_vision, **body)
    assert ours["output_ids"] == theirs["output_ids"]
    tokens = [[token for _, token, _ in side["meta_info"]["input_token_logprobs"]] for side in (ours, theirs)]
    assert [token if token != 5 else 0 for token in tokens[0]] == tokens[1]
    words = [place for place, token in enumerate(tokens[0][1:]) if token != 5]
    mine, other = likelihoods(ours), likelihoods(theirs)
    places = [*words, *range(len(tokens[0]) - 1, len(mine))]
    assert [mine[place] for place in places] == pytest.approx([other[place] for place in places], abs=1e-4)
    assert len(places) > 12
    for ours_top, theirs_top in zip(
        ours["meta_info"]["input_top_logprobs"][1:], theirs["meta_info"]["input_top_logprobs"][1:], strict=True
    ):
        assert [value for value, _, _ in ours_top] == pytest.approx([value for value, _, _ in theirs_top], abs=1e-4)


def test_image_data_may_be_one_picture_a_list_or_a_list_for_each_text(hf_vision: Any) -> None:
    first, second = url_of(picture(24, 90, 60)), url_of(picture(25, 90, 60))
    alone = [likelihoods(generate(hf_vision, text=SHOWN, image_data=data)) for data in (first, second)]
    assert alone[0] != alone[1]
    assert likelihoods(generate(hf_vision, text=SHOWN, image_data=[first])) == alone[0]
    assert likelihoods(generate(hf_vision, text=SHOWN, image_data=first.partition(",")[2])) == alone[0]
    several = generate(hf_vision, text=[SHOWN, SHOWN, "words"], image_data=[first, [second], None])
    for answer, values in zip(several, alone, strict=False):
        assert likelihoods(answer) == pytest.approx(values, abs=1e-4)
    assert several[2]["meta_info"]["prompt_tokens"] == 3


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input_ids": [1, 2], "image_data": "x"}, "with text"),
        ({"text": "no place for it", "image_data": [url_of(picture(1))]}, "do not fit"),
        ({"text": SHOWN, "image_data": [url_of(picture(1)), url_of(picture(2))]}, "do not fit"),
        ({"text": MARK * 2, "image_data": [url_of(picture(1))]}, "do not fit"),
        ({"text": SHOWN, "image_data": "AAAA"}, "cannot be read"),
        ({"text": SHOWN, "image_data": "http://127.0.0.1/cat.png"}, "data URL"),
        ({"text": [SHOWN, SHOWN], "image_data": [url_of(picture(1))]}, "each of the 2 prompts"),
    ],
)
def test_pictures_that_do_not_belong_to_the_text_are_refused(hf_vision: Any, body: dict[str, Any], named: str) -> None:
    answer = hf_vision.client.post("/generate", json=body)
    assert answer.status_code == 400, answer.text
    assert named in answer.json()["error"]["message"]


CONVERSATIONS: list[list[dict[str, Any]]] = [
    [{"role": "user", "content": "Hi there"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ],
    [{"role": "user", "content": [picture(26, 100, 40), text("and"), picture(27), text("?")]}],
]


@pytest.mark.parametrize("messages", CONVERSATIONS)
def test_conversations_become_the_tokens_that_sglang_makes_of_them(
    hf_vision: Any, sglang_vision: Any, messages: list[dict[str, Any]]
) -> None:
    ours, theirs = (
        server.client.post("/tokenize", json={"messages": messages}).json() for server in (hf_vision, sglang_vision)
    )
    assert ours == theirs
    assert ours["count"] == len(ours["tokens"]) > 10


def test_tokenize_takes_either_a_prompt_or_messages(hf_vision: Any) -> None:
    for body in ({}, {"prompt": "a", "messages": CONVERSATIONS[0]}):
        answer = hf_vision.client.post("/tokenize", json=body)
        assert answer.status_code == 400
        assert "either prompt or messages" in answer.json()["error"]["message"]
    wrong = hf_vision.client.post("/tokenize", json={"messages": [{"role": "bob", "content": "x"}]})
    assert (wrong.status_code, "role" in wrong.json()["error"]["message"]) == (400, True)
