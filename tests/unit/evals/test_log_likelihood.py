"""Requests for log-probabilities: what is sent, and what of an answer is believed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from evals.log_likelihood import EchoRequest, Likelihood, NextTokenRequest

NATIVE = NextTokenRequest(prompt="Answer:", token_ids=(5, 6, 5))
NATIVE_BODY: dict[str, Any] = {
    "text": " x",
    "meta_info": {
        "prompt_tokens": 3,
        "output_token_logprobs": [[-0.25, 6, None]],
        "output_token_ids_logprobs": [[[-2.5, 5, None], [-0.25, 6, None]]],
    },
}
ECHO = EchoRequest(token_ids=(1, 2, 3, 4), context_length=2, seed=9)
ECHO_BODY: dict[str, Any] = {
    "choices": [
        {
            "logprobs": {
                "token_logprobs": [None, -1.0, -0.5, -0.75, -3.0],
                "top_logprobs": [None, {"a": -1.0}, {"b": -0.5}, {"c": -0.75}, {"d": -3.0}],
            }
        }
    ],
    "usage": {"prompt_tokens": 4},
}


def test_one_prefill_asks_for_all_tokens_and_for_the_greedy_one() -> None:
    body = NATIVE.payload("model")
    assert (body["text"], body["token_ids_logprob"], body["return_logprob"]) == ("Answer:", [5, 6, 5], True)
    assert body["sampling_params"] == {"max_new_tokens": 1, "temperature": 0}
    answer = NATIVE.read(NATIVE_BODY)
    assert [likelihood.log_probability for likelihood in answer.likelihoods] == [-2.5, -0.25, -2.5]
    assert [likelihood.is_greedy for likelihood in answer.likelihoods] == [False, True, False]
    assert answer.prompt_tokens == 3


def test_the_sum_is_over_the_continuation_alone_without_the_token_that_is_generated() -> None:
    assert ECHO.read(ECHO_BODY).likelihoods == (Likelihood(log_probability=-1.25, is_greedy=True),)
    assert ECHO.read(ECHO_BODY).prompt_tokens == 4
    body = ECHO.payload("m")
    assert (body["prompt"], body["echo"], body["max_tokens"], body["seed"]) == ([1, 2, 3, 4], True, 1, 9)
    assert "seed" not in EchoRequest(token_ids=(1,), context_length=0).payload("m")


def test_a_continuation_is_greedy_only_where_each_of_its_tokens_is_the_likeliest() -> None:
    body = copy.deepcopy(ECHO_BODY)
    body["choices"][0]["logprobs"]["top_logprobs"][3]["other"] = -0.5
    assert ECHO.read(body).likelihoods[0].is_greedy is False


FAULTS = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@pytest.mark.parametrize(
    "values", [None, [], [None, -1.0, -0.5], [None, -1.0, None, -0.75], [None, -1.0, float("nan"), -0.75],
               [None, -1.0, float("-inf"), -0.75], [None, -1.0, True, -0.75], [None, -1.0, "-1", -0.75]]
)  # fmt: skip
def test_an_echo_that_lacks_a_number_is_no_answer(values: Any) -> None:
    body = copy.deepcopy(ECHO_BODY)
    body["choices"][0]["logprobs"]["token_logprobs"] = values
    with pytest.raises(FAULTS):
        ECHO.read(body)


@pytest.mark.parametrize("body", [None, [], {}, {"choices": []}, {"choices": [{}]}, {"choices": [{"logprobs": None}]}])
def test_what_is_no_completion_is_no_echo(body: Any) -> None:
    with pytest.raises(FAULTS):
        ECHO.read(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("output_token_ids_logprobs", []),
        ("output_token_ids_logprobs", [[[-2.5, 5, None]]]),
        ("output_token_ids_logprobs", [[[None, 5, None], [-1.0, 6, None]]]),
        ("output_token_logprobs", []),
        ("output_token_logprobs", None),
    ],
)
def test_a_native_answer_that_lacks_a_choice_is_no_answer(name: str, value: Any) -> None:
    body = copy.deepcopy(NATIVE_BODY)
    body["meta_info"][name] = value
    with pytest.raises(FAULTS):
        NATIVE.read(body)


def test_counts_that_are_no_counts_are_unknown() -> None:
    body = copy.deepcopy(ECHO_BODY)
    body["usage"] = {"prompt_tokens": "four"}
    assert ECHO.read(body).prompt_tokens is None
    body["usage"] = None
    assert ECHO.read(body).prompt_tokens is None
