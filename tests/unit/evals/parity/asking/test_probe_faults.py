"""Answers of `/generate` that are none, or miss parts."""

from __future__ import annotations

from typing import Any

import pytest

from evals.errors import RequestRefusedError
from tests.unit.evals.parity.asking.probes_world import ANSWER, answer, probe


def without(name: str) -> dict[str, Any]:
    body = answer()
    del body["meta_info"][name]
    return body


@pytest.mark.parametrize(
    "body",
    [
        {"error": "x"},
        {"text": "", "meta_info": {}},
        without("input_top_logprobs"),
        answer(input_token_logprobs=[[None, 56, None], ["-1", 57, None]]),
        answer(input_token_logprobs=[[None, "56", None]]),
        answer(output_token_logprobs=None),
        answer(output_token_logprobs=[[-1.0]]),
        answer(finish_reason={"type": "abort", "message": "out of memory"}),
    ],
)
def test_what_is_no_answer_may_be_asked_again(body: Any) -> None:
    with pytest.raises((KeyError, IndexError, TypeError, ValueError)):
        probe().read(body)


def other_token() -> dict[str, Any]:
    body = answer()
    body["meta_info"]["input_token_logprobs"][3][1] = 60
    return body


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            answer(input_token_logprobs=ANSWER["meta_info"]["input_token_logprobs"][1:]),
            "3 of the prompt's tokens instead",
        ),
        (answer(input_top_logprobs=[None]), "3 log-probabilities and 0 lists"),
        (other_token(), "token 60 at position 3 instead of 59"),
        (answer(output_top_logprobs=[]), "0 lists of likely tokens for 2 tokens of the answer"),
        (answer(input_top_logprobs=[None, *([[[-1.0, 3, None]]] * 3)]), "1 likely tokens instead of 2"),
        (answer(input_top_logprobs=[None, None, *ANSWER["meta_info"]["input_top_logprobs"][2:]]), "0 likely tokens"),
    ],
)
def test_an_answer_that_misses_parts_says_which(body: Any, what: str) -> None:
    with pytest.raises(RequestRefusedError, match=what) as caught:
        probe().read(body)
    assert "length/4" in caught.value.message
