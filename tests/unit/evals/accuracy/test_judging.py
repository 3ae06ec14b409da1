"""Judging texts and choices by the metrics that definitions name."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.definitions import direct_definitions
from evals.accuracy.direct_rules import judge_for
from evals.accuracy.filters import filters_of, unknown_steps
from evals.accuracy.judging import Judged, gold_text, judge_of, matches_exactly, metrics_of, unknown_metrics
from evals.accuracy.prompts import PromptForm
from evals.result import Response, SampleKey

HOSTILE = [
    "", "   \n\t ", "x" * 100_000, "\u202e\u05d0\u05d1 (\u05d2)", "[['A', 'B'], ['C']]", "None", "\0", "#### ", "####",
    "(" * 1000, "A" * 50_000 + "#### 7x", "\ud800", "(A) (B) (C) (D)", "Answer: None", "$", "-", ".,.,", "#### .",
]  # fmt: skip


def response(text: str = "", likelihoods: tuple[float, ...] | None = None) -> Response:
    return Response(
        key=SampleKey(task="t", doc_id=0), prompt_sha256="", text=text, finish_reason="stop", prompt_tokens=None,
        completion_tokens=None, sent_at=0.0, ended_at=0.0, log_probabilities=likelihoods,
    )  # fmt: skip


def judged(benchmark: str, item: dict[str, Any], answer: Response) -> dict[str, Judged]:
    definition = (direct_definitions(benchmark) or [])[0]
    return {
        verdict.metric: verdict for verdict in judge_for(definition, PromptForm.of(definition.config))(item, answer)
    }


GSM8K = {"question": "?", "answer": "So it is 1,018.\n#### 1,018"}


@pytest.mark.parametrize(
    ("text", "strict", "flexible"),
    [
        ("#### 1018", (1.0, "1018"), (1.0, "1018")),
        ("#### 1,018", (1.0, "1,018"), (1.0, "1,018")),
        ("The answer is $1,018.", (0.0, None), (1.0, "$1,018.")),
        ("#### 1018\n\n#### 7", (1.0, "1018"), (0.0, "7")),
        ("#### 7\n\n#### 1018", (0.0, "7"), (1.0, "1018")),
        ("####1018", (0.0, None), (1.0, "1018")),
        ("#### 1018.0", (0.0, "1018.0"), (0.0, "1018.0")),
        ("no number", (0.0, None), (0.0, None)),
        ("", (0.0, None), (0.0, None)),
    ],
)
def test_gsm8k_is_judged_strictly_and_flexibly(
    text: str, strict: tuple[float, str | None], flexible: tuple[float, str | None]
) -> None:
    found = judged("gsm8k", GSM8K, response(text))
    assert list(found) == ["exact_match,strict-match", "exact_match,flexible-extract"]
    assert [(verdict.value, verdict.extracted) for verdict in found.values()] == [strict, flexible]


MMLU = {"question": "?", "subject": "anatomy", "choices": ["w", "x", "y", "z"], "answer": 2}


@pytest.mark.parametrize(
    ("text", "value", "extracted"),
    [(" C", 1.0, "C"), ("c.", 1.0, "c."), ("C\nD", 1.0, "C"), ("\nC", 0.0, None), ("B", 0.0, "B"), ("  ", 0.0, None)],
)
def test_a_written_choice_is_its_first_line_without_case_and_punctuation(
    text: str, value: float, extracted: str | None
) -> None:
    (verdict,) = judged("mmlu_anatomy_generative", MMLU, response(text)).values()
    assert (verdict.metric, verdict.value, verdict.extracted) == ("exact_match,get_response", value, extracted)


@pytest.mark.parametrize(
    ("likelihoods", "value", "extracted"),
    [((-3.0, -2.0, -1.0, -4.0), 1.0, "C"), ((-1.0, -1.0, -1.0, -1.0), 0.0, "A"), ((-9.0, -1.0, -2.0, -9.0), 0.0, "B")],
)
def test_the_likeliest_choice_is_taken_and_of_equals_the_first(
    likelihoods: tuple[float, ...], value: float, extracted: str
) -> None:
    (verdict,) = judged("mmlu_anatomy", MMLU, response(likelihoods=likelihoods)).values()
    assert (verdict.metric, verdict.value, verdict.extracted) == ("acc,none", value, extracted)


def test_a_log_probability_too_few_is_an_error_and_never_a_score() -> None:
    with pytest.raises(ValueError, match="4 choices have 3"):
        judged("mmlu_anatomy", MMLU, response(likelihoods=(-1.0, -2.0, -3.0)))


CHOICES: dict[str, Any] = {"output_type": "multiple_choice", "doc_to_text": "q", "doc_to_target": "gold"}


def chosen(choices: list[str], gold: Any, likelihoods: tuple[float, ...]) -> dict[str, float]:
    config = CHOICES | {"doc_to_choice": choices}
    verdicts = judge_of(config, PromptForm.of(config))({"gold": gold}, response(likelihoods=likelihoods))
    return {verdict.metric: verdict.value for verdict in verdicts}


def test_lengths_are_those_of_the_choices_in_characters() -> None:
    assert chosen(["no", "absolutely"], 1, (-2.0, -5.0)) == {"acc,none": 0.0, "acc_norm,none": 1.0}
    assert chosen(["\u00e9\u00e9", "abc"], 0, (-2.0, -3.1)) == {"acc,none": 1.0, "acc_norm,none": 1.0}


def test_a_choice_without_characters_is_never_the_likeliest_by_length() -> None:
    assert chosen(["", "abc"], 1, (-0.1, -6.0)) == {"acc,none": 0.0, "acc_norm,none": 1.0}


@pytest.mark.parametrize(("gold", "value"), [(1, 1.0), ("None", 1.0), ("x", 0.0), ("no such choice", 0.0), (7, 0.0)])
def test_a_gold_answer_is_an_index_or_the_choice_itself_even_one_called_none(gold: Any, value: float) -> None:
    assert chosen(["x", "None"], gold, (-2.0, -1.0))["acc,none"] == value


@pytest.mark.parametrize("count", range(2, 13))
def test_there_may_be_any_number_of_choices(count: int) -> None:
    likelihoods = tuple(-1.0 if place == count - 1 else -2.0 for place in range(count))
    assert chosen([f"c{place}" for place in range(count)], count - 1, likelihoods)["acc,none"] == 1.0


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("benchmark", "item"), [("gsm8k", GSM8K), ("mmlu_anatomy_generative", MMLU)])
def test_hostile_answers_are_wrong_and_never_an_exception(benchmark: str, item: dict[str, Any], text: str) -> None:
    for verdict in judged(benchmark, item, response(text)).values():
        assert verdict.value == 0.0
        assert verdict.extracted is None or verdict.extracted.strip()


@pytest.mark.parametrize(
    ("prediction", "gold", "options", "equal"),
    [
        ("A", "A", {}, True),
        ("a", "A", {}, False),
        ("a", "A", {"ignore_case": True}, True),
        ("A.", "A", {"ignore_punctuation": True}, True),
        ("A1", "A", {"ignore_numbers": True}, True),
        ("$1,000", "1000", {"regexes_to_ignore": [",", "\\$"]}, True),
        ("1,000", "1,000.", {"regexes_to_ignore": [",", r"\.$"]}, True),
        ("A\0", "A", {}, True),
        ("A ", "A", {}, False),
    ],
)
def test_texts_are_compared_with_lm_evals_options(
    prediction: str, gold: str, options: dict[str, Any], equal: bool
) -> None:
    assert matches_exactly(prediction, gold, options) is equal


def test_texts_are_compared_as_lm_eval_compares_them() -> None:
    from lm_eval.api.metrics import exact_match_fn

    texts = ["A", "a.", "1,000", "$1,000", "a1", "", " ", ".", "A\0", "\u0130", "\u00df", "no. 7"]
    options: list[dict[str, Any]] = [
        {}, {"ignore_case": True}, {"ignore_punctuation": True}, {"ignore_numbers": True},
        {"regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"], "ignore_case": True, "ignore_punctuation": True},
    ]  # fmt: skip
    for chosen_options in options:
        for prediction in texts:
            for gold in texts:
                theirs = exact_match_fn(predictions=[prediction], references=[gold], **chosen_options)["exact_match"]
                assert matches_exactly(prediction, gold, chosen_options) == bool(theirs), (prediction, gold)


def regex(**settings: Any) -> Any:
    steps = [{"function": "regex", **settings}, {"function": "take_first"}]
    return filters_of({"filter_list": [{"name": "x", "filter": steps}]})[0]


def test_a_pattern_finds_the_first_match_or_the_one_that_is_selected() -> None:
    assert regex(regex_pattern=r"\d").apply("1 2 3") == "1"
    assert regex(regex_pattern=r"\d", group_select=-1).apply("1 2 3") == "3"
    assert regex(regex_pattern=r"(a)|(b)").apply("cb") == "b"
    assert regex().apply("#### 12") == "12"


def test_the_definitions_own_fallback_is_as_unparsed_as_lm_evals() -> None:
    own = regex(regex_pattern="x", fallback="nothing")
    assert (own.apply("y"), own.found(own.apply("y"))) == ("nothing", False)
    assert (regex(regex_pattern="x").apply("y"), regex(regex_pattern="x").found("[invalid]")) == ("[invalid]", False)
    assert regex(regex_pattern="x*").found("") is False


def test_without_filters_the_text_is_taken_as_it_is() -> None:
    (only,) = filters_of({})
    assert (only.name, only.apply(" text "), only.found(" ")) == ("none", " text ", False)


def test_steps_metrics_and_options_that_are_not_known_here_are_named() -> None:
    steps = [{"name": "x", "filter": [{"function": "regex"}, {"function": "majority_vote"}]}]
    assert unknown_steps({"filter_list": steps}) == {"majority_vote"}
    generated = {"output_type": "generate_until", "metric_list": [{"metric": "bleu"}, {"metric": "exact_match"}]}
    assert unknown_metrics(generated) == {"bleu"}
    odd = {"output_type": "multiple_choice", "metric_list": [{"metric": "acc", "aggregation": "mean", "odd": 1}]}
    assert unknown_metrics(odd) == {"odd"}
    assert [metric["metric"] for metric in metrics_of({"output_type": "multiple_choice"})] == ["acc", "acc_norm"]


def test_the_gold_answer_is_shown_as_a_text() -> None:
    letters = PromptForm.of({"doc_to_text": "q", "doc_to_target": "n", "doc_to_choice": ["A", "B"]})
    assert gold_text(letters, {"n": 1}) == "B"
    assert gold_text(PromptForm.of({"doc_to_text": "q", "doc_to_target": "a"}), {"a": 7}) == "7"
