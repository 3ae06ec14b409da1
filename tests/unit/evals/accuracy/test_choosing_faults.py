"""Choices, and engines and tokenizers that cannot tell what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evals.errors import EngineUnreachableError, RequestRefusedError
from tests.unit.evals.accuracy.choosing_engine import LETTERS, QUESTIONS, Engine, answers, expected, question

DEMO_TOKENIZER = Path(__file__).resolve().parents[4] / "demo" / "demo-llm" / "tokenizer.json"


async def test_a_missing_native_endpoint_is_noticed_when_the_first_question_would_not_have_used_it() -> None:
    engine = Engine(absent=["/generate"])
    mixed = [question(0, "Q0:", (" yes", " no")), question(1, "Q1\nAnswer:")]
    found, _ = await answers(engine, mixed)
    assert [list(response.log_probabilities or ()) for response in found] == [expected(engine, q) for q in mixed]


async def test_without_any_tokenizer_the_error_says_what_to_name() -> None:
    with pytest.raises(RequestRefusedError) as caught:
        await answers(Engine(absent=["/tokenize"]))
    assert "/tokenize" in caught.value.message
    assert "--tokenizer" in caught.value.remedy


async def test_a_tokenizer_file_here_stands_in_for_a_server_without_one() -> None:
    from tokenizers import Tokenizer as Fast

    engine = Engine(absent=["/tokenize", "/generate"])
    found, _ = await answers(engine, QUESTIONS[:2], file=DEMO_TOKENIZER)
    fast: Any = Fast.from_file(str(DEMO_TOKENIZER))
    sent = sorted(body["prompt"] for path, body in engine.bodies if path == "/v1/completions")
    assert sent == sorted(fast.encode(q.prompt + letter).ids for q in QUESTIONS[:2] for letter in LETTERS)
    assert engine.asked["/tokenize"] == 0
    assert all(len(response.log_probabilities or ()) == 4 for response in found)


async def test_a_choice_without_context_and_without_a_first_token_is_refused_with_a_reason() -> None:
    with pytest.raises(RequestRefusedError, match="without any context"):
        await answers(Engine(), [question(0, "", (" a choice", " another"))])


class Short(Engine):
    """Leave a choice out of its native answers, after the first `whole` of them."""

    def __init__(self, whole: int) -> None:
        super().__init__()
        self.whole = whole

    def native(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = super().native(body)
        self.whole -= 1
        if self.whole < 0:
            answer["meta_info"]["output_token_ids_logprobs"][0].pop()
        return answer


async def test_an_engine_whose_native_answers_are_none_is_asked_by_echo() -> None:
    engine = Short(whole=0)
    found, asker = await answers(engine)
    assert asker.describe() == {"request_for_each_choice": "10"}
    assert [list(response.log_probabilities or ()) for response in found] == [expected(engine, q) for q in QUESTIONS]


async def test_a_later_answer_that_does_not_cover_the_choices_is_a_fault_and_never_a_score() -> None:
    with pytest.raises(EngineUnreachableError):
        await answers(Short(whole=4))
