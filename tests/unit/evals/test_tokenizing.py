"""Token ids: asked of the engine, or read from the model's own file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.tokenizing import Tokenizer, tokenizer_file

DEMO = Path(__file__).resolve().parents[3] / "demo" / "demo-llm"


class Client:
    """Answer /tokenize and /server_info with what is scripted, and count the calls."""

    def __init__(self, tokens: Any = None, info: Any = None) -> None:
        self.tokens = tokens
        self.info = info
        self.asked: list[str] = []

    async def post_json_or_none(self, path: str, payload: Any) -> Any:
        self.asked.append(path)
        if isinstance(self.tokens, Exception):
            raise self.tokens
        return self.tokens

    async def get_json(self, path: str) -> Any:
        self.asked.append(path)
        return self.info


async def encoded(client: Client, file: Path | None = None, times: int = 1) -> list[list[int]]:
    scripted: Any = client
    tokenizer = Tokenizer(scripted, file)
    for _ in range(times - 1):
        await tokenizer.encode(["Answer:", "Answer: A"])
    return await tokenizer.encode(["Answer:", "Answer: A"])


def by_file() -> list[list[int]]:
    from tokenizers import Tokenizer as Fast

    fast: Any = Fast.from_file(str(DEMO / "tokenizer.json"))
    return [fast.encode(text).ids for text in ("Answer:", "Answer: A")]


async def test_the_engines_own_answer_goes_before_a_file() -> None:
    client = Client({"tokens": [[1, 2], [1, 2, 3]]})
    assert await encoded(client, DEMO / "tokenizer.json") == [[1, 2], [1, 2, 3]]
    assert client.asked == ["/tokenize"]


async def test_a_file_is_read_where_the_engine_has_no_tokenizer_and_it_is_asked_once() -> None:
    client = Client()
    assert await encoded(client, DEMO / "tokenizer.json", times=3) == by_file()
    assert client.asked == ["/tokenize"]


async def test_the_file_that_the_engine_itself_names_is_found(tmp_path: Path) -> None:
    client = Client(info={"tokenizer_path": str(DEMO)})
    assert await encoded(client, times=3) == by_file()
    assert client.asked == ["/tokenize", "/server_info"]


@pytest.mark.parametrize(
    "tokens", [{"tokens": [1, 2]}, {"tokens": [[1]]}, {"tokens": None}, [], "x", {"detail": "no"}, {"tokens": [[1], 2]}]
)
async def test_an_answer_that_is_not_one_list_for_each_text_is_not_believed(tokens: Any) -> None:
    assert await encoded(Client(tokens), DEMO / "tokenizer.json") == by_file()


async def test_an_engine_that_takes_no_list_of_texts_is_like_one_without_the_path() -> None:
    refusal = RequestRefusedError("HTTP 422", remedy="", status=422)
    assert await encoded(Client(refusal), DEMO / "tokenizer.json") == by_file()


async def test_an_engine_that_is_away_is_no_reason_to_take_the_file() -> None:
    with pytest.raises(EngineUnreachableError):
        await encoded(Client(EngineUnreachableError("gone", remedy="")), DEMO / "tokenizer.json")


@pytest.mark.parametrize("info", [None, {}, {"tokenizer_path": None}, {"tokenizer_path": "/no/such/folder"}, []])
async def test_without_engine_and_file_the_error_says_what_to_do(info: Any) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        await encoded(Client(info=info))
    assert "--tokenizer" in caught.value.remedy


def test_a_models_folder_has_a_tokenizer_file_or_not(tmp_path: Path) -> None:
    assert tokenizer_file(tmp_path) is None
    shutil.copy(DEMO / "tokenizer.json", tmp_path)
    assert tokenizer_file(tmp_path) == tmp_path / "tokenizer.json"
