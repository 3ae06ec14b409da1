"""Prompts from definitions: templates, targets, worked examples, plain text and chats."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import UndefinedError

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import direct_definitions
from evals.accuracy.prompts import PromptForm, Turn, as_messages, as_text, examples_drawer
from evals.accuracy.templates import choices_of, render, target_of, text_of
from evals.errors import InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.spec import Api, DataSource, Workload

POOL = [{"q": f"q{number}", "a": str(number)} for number in range(8)]
FORM = PromptForm.of({"doc_to_text": "Q: {{q}}\nA:", "doc_to_target": "{{a}}", "description": "Say it.\n\n"})


def test_a_field_is_a_column_a_template_or_a_function() -> None:
    item = {"question": "2 < 3 & 4?", "n": 7}
    assert text_of("question", item) == "2 < 3 & 4?"
    assert text_of("{{question}}\n", item) == "2 < 3 & 4?\n"
    assert text_of(lambda found: found["n"], item) == "7"
    assert text_of("no such column", item) == "no such column"


def test_a_template_that_names_a_missing_column_is_an_error_and_not_an_empty_prompt() -> None:
    with pytest.raises(UndefinedError):
        render("{{missing}}", {})


def test_templates_know_lm_evals_filter_and_what_the_item_says_is_no_template() -> None:
    assert render("{{q | regex_replace('b+', '-')}}", {"q": "abba"}) == "a-a"
    assert render("{{q}}", {"q": "{{7*7}} {% if %}"}) == "{{7*7}} {% if %}"


def test_choices_are_a_list_a_column_a_template_of_a_list_or_a_function() -> None:
    item = {"options": ["x", "y"], "one": "p", "two": "q"}
    expected = ["A", "B"]
    assert choices_of(["A", "B"], item) == expected
    assert choices_of("options", item) == ["x", "y"]
    assert choices_of("{{[one, two]}}", item) == ["p", "q"]
    assert choices_of(lambda found: found["options"][::-1], item) == ["y", "x"]


@pytest.mark.parametrize(
    ("field", "has_choices", "expected"),
    [
        ("answer", True, 2),
        ("{{answer}}", True, 2),
        ("{{answer}}", False, "2"),
        ("{{[1, 2]}}", False, [1, 2]),
        ("[broken", False, "[broken"),
        ("[bro ken]", False, "[bro ken]"),
        (lambda item: item["answer"] + 1, True, 3),
    ],
)
def test_a_target_is_an_index_where_there_are_choices(field: Any, has_choices: bool, expected: Any) -> None:
    assert target_of(field, {"answer": 2}, has_choices=has_choices) == expected


def test_a_prompt_is_description_examples_and_question() -> None:
    turns = FORM.turns(POOL[0], POOL[1:3])
    assert as_text(turns) == "Say it.\n\nQ: q1\nA: 1\n\nQ: q2\nA: 2\n\nQ: q0\nA:"


def test_in_a_chat_the_description_is_the_system_and_each_example_a_turn_of_both_sides() -> None:
    messages = as_messages(FORM.turns(POOL[0], POOL[1:2]))
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "Say it.\n\n"), ("user", "Q: q1\nA:"), ("assistant", "1"), ("user", "Q: q0\nA:"),
    ]  # fmt: skip
    bare = PromptForm.of({"doc_to_text": "{{q}}", "doc_to_target": "a"})
    assert bare.turns(POOL[0], []) == [Turn("user", "q0")]


def test_an_example_of_a_choice_shows_the_chosen_text() -> None:
    form = PromptForm.of({"doc_to_text": "{{q}}", "doc_to_target": "n", "doc_to_choice": ["no", "yes"]})
    assert as_text(form.turns({"q": "x", "n": 0}, [{"q": "y", "n": 1}])) == "y yes\n\nx"


def test_examples_are_drawn_the_same_again_and_another_seed_draws_others() -> None:
    def drawn(seed: int) -> list[Any]:
        draw = examples_drawer(POOL, 3, first=False, seed=seed, from_test=False)
        return [draw(item) for item in POOL]

    assert drawn(1234) == drawn(1234) != drawn(1)
    assert len({str(examples) for examples in drawn(1234)}) > 4


def test_first_examples_are_the_first_ones() -> None:
    draw = examples_drawer(POOL, 2, first=True, seed=1, from_test=False)
    assert draw(POOL[0]) == POOL[:2]


@pytest.mark.parametrize("first", [True, False])
def test_an_item_is_never_its_own_example(first: bool) -> None:
    draw = examples_drawer(POOL, 7, first=first, seed=1, from_test=True)
    for item in POOL:
        examples = draw(item)
        assert item not in examples
        assert len(examples) == 7


def workload(benchmark: str, **settings: Any) -> Workload:
    return Workload(name="w", benchmark=benchmark, metric="", margin=0.0, data=DataSource.DEMO, limit=2, **settings)


def test_gsm8k_as_a_chat_has_five_worked_turns_before_the_question() -> None:
    question = load_benchmark(workload("gsm8k", api=Api.CHAT), data_folder=None).questions()[0]
    assert isinstance(question.request, GenerationRequest)
    messages: Any = question.request.prompt
    assert [message["role"] for message in messages] == ["user", "assistant"] * 5 + ["user"]
    assert messages[-1]["content"].startswith("Question: ")


def test_the_few_shot_count_of_the_workload_goes_before_the_definitions() -> None:
    prompts = [load_benchmark(workload("gsm8k", few_shot=n), data_folder=None).questions()[0].prompt for n in (0, 2)]
    assert [prompt.count("Question: ") for prompt in prompts] == [1, 3]


def test_more_examples_than_there_are_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InvalidSubmissionError, match="worked examples") as caught:
        load_benchmark(workload("mmlu", few_shot=500), data_folder=None).questions()
    assert caught.value.details["field"] == "few_shot"


def test_what_the_workload_sets_goes_before_the_definition_and_into_the_request() -> None:
    chosen = workload(
        "gsm8k", max_tokens=7, temperature=0.5, top_p=0.9, top_k=3, min_p=0.1, seed=5, api=Api.CHAT,
        chat_template_args={"enable_thinking": True},
    )  # fmt: skip
    request = load_benchmark(chosen, data_folder=None).questions()[0].request
    assert isinstance(request, GenerationRequest)
    body = request.payload("m")
    names = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "seed", "chat_template_kwargs")
    assert [body[name] for name in names] == [7, 0.5, 0.9, 3, 0.1, 5, {"enable_thinking": True}]
    assert set(request.stop) == set((direct_definitions("gsm8k") or [])[0].config["generation_kwargs"]["until"])


def test_everything_that_decides_an_answer_is_in_the_requests_hash_and_nothing_else() -> None:
    def hashes(**settings: Any) -> list[str]:
        return [q.request_sha256 for q in load_benchmark(workload("gsm8k", **settings), data_folder=None).questions()]

    plain = hashes()
    assert hashes(concurrency=3) == plain
    changes: list[dict[str, Any]] = [
        {"max_tokens": 7}, {"temperature": 0.5}, {"top_p": 0.9}, {"top_k": 3}, {"min_p": 0.1}, {"seed": 5},
        {"few_shot": 1}, {"api": Api.CHAT}, {"chat_template_args": {"enable_thinking": True}},
        {"think_end": "</think>"},
    ]  # fmt: skip
    seen = {tuple(plain), *(tuple(hashes(**change)) for change in changes)}
    assert len(seen) == 1 + len(changes)


def test_texts_that_end_an_answer_do_not_end_the_thoughts_before_it() -> None:
    requests = [
        load_benchmark(workload("gsm8k", think_end=mark), data_folder=None).questions()[0].request
        for mark in (None, "</think>")
    ]
    plain, thinking = (request for request in requests if isinstance(request, GenerationRequest))
    assert "Question:" in plain.stop
    assert (thinking.stop, thinking.cut_at) == ((), plain.stop)
    assert thinking.payload("m")["stop"] == []


def test_repeats_ask_the_same_prompt_with_the_next_seeds() -> None:
    questions = load_benchmark(workload("gsm8k", repeats=3, temperature=0.7), data_folder=None).questions()
    first = [question for question in questions if question.key.doc_id == 0]
    assert [(q.key.repeat, getattr(q.request, "seed", None)) for q in first] == [(0, 1234), (1, 1235), (2, 1236)]
    assert len({question.prompt_sha256 for question in first}) == 1
    assert len({question.request_sha256 for question in questions}) == 6
