"""Our transformers server against SGLang: the same requests must give the same answers in the same form."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.engines

QUESTION = "Question: Tom has 5 apples and buys 7 more. How many apples does he have?\nAnswer:"
PROMPTS = [
    QUESTION,
    "Hello",
    "The capital of France is",
    "#### 12\n\nQuestion: Anna",
    "1 2 3 4 5",
    "é 日本 😀",
]
GREEDY = {"temperature": 0, "max_new_tokens": 24}
TOLERANCE = 1e-4
EXTRA = {"e2e_latency", "response_sent_to_client_ts"}


def both(servers: tuple[Any, Any], path: str, body: dict[str, Any]) -> list[Any]:
    answers = [server.client.post(path, json=body) for server in servers]
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    return [answer.json() for answer in answers]


def both_streams(servers: tuple[Any, Any], path: str, body: dict[str, Any]) -> list[list[Any]]:
    return [events(server.client.post(path, json=body | {"stream": True}).text) for server in servers]


def events(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def assert_same_form(ours: Any, theirs: Any, where: str = "answer") -> None:
    """Every field of ours must be one of theirs, of the same type; they may have more."""
    if isinstance(ours, dict):
        assert isinstance(theirs, dict), where
        if where.endswith("top_logprobs[0]"):  # named by tokens, and a joined event begins with another one
            ours, theirs = ({"token": next(iter(side.values()), None)} for side in (ours, theirs))
        assert not ours.keys() - theirs.keys() - EXTRA, where
        for name in ours.keys() & theirs.keys():
            assert_same_form(ours[name], theirs[name], f"{where}.{name}")
    elif isinstance(ours, list):
        assert isinstance(theirs, list), where
        assert len(ours) == len(theirs), where
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same_form(mine, other, f"{where}[{index}]")
    else:
        assert kind(ours) == kind(theirs), f"{where}: {ours!r} and {theirs!r}"


def assert_same_ends(ours: list[Any], theirs: list[Any]) -> None:
    """The first and the last event must have the same form, lists aside: a busy SGLang joins tokens in one event."""
    for index in (0, -1):
        assert_same_form(shortened(ours[index]), shortened(theirs[index]))


def shortened(value: Any) -> Any:
    """Keep the first entry of every list."""
    if isinstance(value, dict):
        return {name: shortened(entry) for name, entry in value.items()}
    return [shortened(entry) for entry in value[:1]] if isinstance(value, list) else value


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def assert_close(ours: Any, theirs: Any) -> None:
    """Triples of log-probability, id and text must agree, in the same order."""
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        if mine is None or isinstance(mine[0], list):
            assert (mine is None) == (other is None)
            assert_close(mine or [], other or [])
        else:
            assert mine[1:] == other[1:]
            assert mine[0] == other[0] is None or mine[0] == pytest.approx(other[0], abs=TOLERANCE)


@pytest.fixture
def servers(hf: Any, sglang: Any) -> tuple[Any, Any]:
    return hf, sglang


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_answers_equal_sglangs(servers: tuple[Any, Any], prompt: str) -> None:
    ours, theirs = both(servers, "/generate", {"text": prompt, "sampling_params": GREEDY})
    assert ours["output_ids"] == theirs["output_ids"]
    assert ours["text"] == theirs["text"]
    assert ours["meta_info"]["prompt_tokens"] == theirs["meta_info"]["prompt_tokens"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_new_tokens": 200},
        {"max_new_tokens": 60, "stop": ["\n"]},
        {"max_new_tokens": 60, "stop": ["<<5", "####"], "no_stop_trim": True},
        {"max_new_tokens": 60, "stop_token_ids": [23]},
        {"max_new_tokens": 60, "ignore_eos": True},
        {"max_new_tokens": 60, "ignore_eos": True, "skip_special_tokens": False, "stop": ["<|endoftext|>"]},
        {"max_new_tokens": 60, "ignore_eos": True, "stop": ["<|endoftext|>"]},
        {"max_new_tokens": 40, "min_new_tokens": 35},
        {"max_new_tokens": 30, "repetition_penalty": 1.3},
        {"max_new_tokens": 30, "frequency_penalty": 0.7, "presence_penalty": 0.4},
        {"max_new_tokens": 0},
    ],
)
def test_an_answer_ends_where_sglangs_does(servers: tuple[Any, Any], parameters: dict[str, Any]) -> None:
    body = {"text": QUESTION, "sampling_params": {"temperature": 0} | parameters}
    ours, theirs = both(servers, "/generate", body)
    assert ours["output_ids"] == theirs["output_ids"]
    assert ours["text"] == theirs["text"]
    assert ours["meta_info"]["finish_reason"] == theirs["meta_info"]["finish_reason"]


@pytest.mark.parametrize("start", [-1, 0, 3, 5, 6])
@pytest.mark.parametrize("tokens", [0, 1, 3])
def test_log_probabilities_equal_sglangs(servers: tuple[Any, Any], start: int, tokens: int) -> None:
    body = {
        "text": "Hello you",
        "sampling_params": {"temperature": 0, "max_new_tokens": tokens},
        "return_logprob": True,
        "logprob_start_len": start,
        "top_logprobs_num": 3,
        "token_ids_logprob": [5, 9],
        "return_text_in_logprobs": True,
    }
    ours, theirs = both(servers, "/generate", body)
    assert_same_form(ours, theirs)
    for side in ("input", "output"):
        for name in ("token_logprobs", "top_logprobs", "token_ids_logprobs"):
            assert_close(ours["meta_info"][f"{side}_{name}"], theirs["meta_info"][f"{side}_{name}"])


def test_log_probabilities_of_a_long_prompt_equal_sglangs(servers: tuple[Any, Any], demo_data: Any) -> None:
    lines = (demo_data / "gsm8k" / "train.jsonl").read_text().splitlines()[:20]
    text = "\n\n".join(f"Question: {item['question']}\nAnswer: {item['answer']}" for item in map(json.loads, lines))
    body = {
        "text": text,
        "sampling_params": {"temperature": 0, "max_new_tokens": 1},
        "return_logprob": True,
        "logprob_start_len": 0,
    }
    ours, theirs = both(servers, "/generate", body)
    assert len(ours["meta_info"]["input_token_logprobs"]) == ours["meta_info"]["prompt_tokens"] > 1000
    assert_close(ours["meta_info"]["input_token_logprobs"], theirs["meta_info"]["input_token_logprobs"])


@pytest.mark.parametrize(
    "parameters", [{"temperature": 3.0, "top_p": 0.1}, {"temperature": 0, "min_new_tokens": 3, "max_new_tokens": 3}]
)
def test_sampled_log_probabilities_equal_sglangs(servers: tuple[Any, Any], parameters: dict[str, Any]) -> None:
    body = {
        "text": QUESTION,
        "sampling_params": {"max_new_tokens": 1} | parameters,
        "return_logprob": True,
        "logprob_start_len": 0,
        "top_logprobs_num": 3,
    }
    ours, theirs = both(servers, "/generate", body)
    assert_close(ours["meta_info"]["output_top_logprobs"], theirs["meta_info"]["output_top_logprobs"])
    assert_close(ours["meta_info"]["input_top_logprobs"], theirs["meta_info"]["input_top_logprobs"])


def test_a_list_of_prompts_is_answered_in_order(servers: tuple[Any, Any]) -> None:
    parameters = [{"temperature": 0, "max_new_tokens": 2}, {"temperature": 0, "max_new_tokens": 3}]
    body = {"input_ids": [[30, 31], [32]], "sampling_params": parameters, "rid": ["first", "second"]}
    ours, theirs = both(servers, "/generate", body)
    assert_same_form(ours, theirs)
    assert [answer["output_ids"] for answer in ours] == [answer["output_ids"] for answer in theirs]
    assert [answer["meta_info"]["id"] for answer in ours] == ["first", "second"]


@pytest.mark.parametrize("extra", [{}, {"return_logprob": True, "logprob_start_len": 0, "top_logprobs_num": 1}])
def test_streamed_events_equal_sglangs(servers: tuple[Any, Any], extra: dict[str, Any]) -> None:
    parameters = {"temperature": 0, "max_new_tokens": 6}
    ours, theirs = both_streams(servers, "/generate", {"text": QUESTION, "sampling_params": parameters} | extra)
    assert [event["meta_info"]["completion_tokens"] for event in ours] == [1, 2, 3, 4, 5, 6]
    for other in theirs:  # a busy SGLang puts several tokens into one event
        mine = ours[other["meta_info"]["completion_tokens"] - 1]
        assert (mine["text"], mine["output_ids"]) == (other["text"], other["output_ids"])
        assert_same_form(mine, other)


@pytest.mark.parametrize(
    "extra",
    [
        {"prompt": QUESTION, "max_tokens": 12},
        {"prompt": QUESTION},
        {"prompt": [QUESTION, "Hello"], "max_tokens": 4},
        {"prompt": [[30, 31, 32], [33]], "max_tokens": 4, "logprobs": 1},
        {"prompt": "Hello you", "max_tokens": 1, "logprobs": 2, "echo": True, "seed": 1234},
        {"prompt": [30, 31, 32], "max_tokens": 1, "logprobs": 1, "echo": True},
        {"prompt": "é 日本 😀", "max_tokens": 1, "logprobs": 1, "echo": True},
        {"prompt": "Hello you", "max_tokens": 2, "echo": True},
        {"prompt": QUESTION, "max_tokens": 100, "stop": ["\n"]},
    ],
)
def test_completions_equal_sglangs(servers: tuple[Any, Any], extra: dict[str, Any]) -> None:
    ours, theirs = both(servers, "/v1/completions", {"model": "demo", "temperature": 0} | extra)
    assert_same_form(ours, theirs)
    for mine, other in zip(ours["choices"], theirs["choices"], strict=True):
        assert mine["text"] == other["text"]
        assert mine["finish_reason"] == other["finish_reason"]
        if mine["logprobs"] is not None:
            assert mine["logprobs"]["tokens"] == other["logprobs"]["tokens"]
            assert mine["logprobs"]["token_logprobs"][1:] == pytest.approx(
                other["logprobs"]["token_logprobs"][1:], abs=TOLERANCE
            )
            assert [list(top or ()) for top in mine["logprobs"]["top_logprobs"]] == [
                list(top or ()) for top in other["logprobs"]["top_logprobs"]
            ]
    assert {name: theirs["usage"][name] for name in ours["usage"]} == ours["usage"]


@pytest.mark.parametrize(
    "extra", [{}, {"stream_options": {"include_usage": True}}, {"logprobs": 1, "echo": True}, {"stop": ["+"]}]
)
def test_streamed_completions_equal_sglangs(servers: tuple[Any, Any], extra: dict[str, Any]) -> None:
    body = {"model": "demo", "prompt": QUESTION, "max_tokens": 8, "temperature": 0} | extra
    ours, theirs = both_streams(servers, "/v1/completions", body)
    texts = ["".join(choice["text"] for event in stream for choice in event["choices"]) for stream in (ours, theirs)]
    assert texts[0] == texts[1]
    assert_same_ends(ours, theirs)


@pytest.mark.parametrize(
    "extra",
    [
        {"max_tokens": 100},
        {"max_completion_tokens": 4},
        {"max_tokens": 3, "logprobs": True, "top_logprobs": 2},
        {"max_tokens": 50, "stop": ["="]},
        {"messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "2 + 2?"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": t} for t in ("Tom", "has 5 apples")]}]},
    ],
)
def test_chat_answers_equal_sglangs(servers: tuple[Any, Any], extra: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": "Tom has 5 apples and buys 7 more. How many?"}]
    body = {"model": "demo", "messages": messages, "temperature": 0, "max_tokens": 30} | extra
    ours, theirs = both(servers, "/v1/chat/completions", body)
    assert_same_form(ours, theirs)
    assert ours["choices"][0]["message"]["content"] == theirs["choices"][0]["message"]["content"]
    assert ours["choices"][0]["finish_reason"] == theirs["choices"][0]["finish_reason"]
    assert ours["usage"]["prompt_tokens"] == theirs["usage"]["prompt_tokens"]


@pytest.mark.parametrize("extra", [{}, {"stream_options": {"include_usage": True}}, {"logprobs": True}])
def test_streamed_chat_answers_equal_sglangs(servers: tuple[Any, Any], extra: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": "Tom has 5 apples"}]
    body = {"model": "demo", "messages": messages, "temperature": 0, "max_tokens": 40} | extra
    ours, theirs = both_streams(servers, "/v1/chat/completions", body)

    def text(stream: list[Any]) -> str:
        return "".join(c["delta"].get("content") or "" for event in stream for c in event["choices"])

    assert text(ours) == text(theirs)
    assert_same_ends(ours, theirs)


@pytest.mark.parametrize("path", ["/model_info", "/get_model_info", "/v1/models"])
def test_the_model_is_described_as_sglang_describes_it(servers: tuple[Any, Any], path: str) -> None:
    ours, theirs = (server.client.get(path).json() for server in servers)
    assert_same_form(ours, theirs)
