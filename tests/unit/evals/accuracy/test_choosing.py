"""Log-probabilities of choices, from one prefill or by echo."""

from __future__ import annotations

from math import log

import pytest

from evals.accuracy.choosing import ChoiceAsker, split_request
from evals.accuracy.questions import ChoiceRequest, generation_question
from evals.result import SampleKey
from evals.spec import Workload
from evals.tokenizing import Tokenizer
from tests.unit.evals.accuracy.choosing_engine import QUESTIONS, Engine, answers, expected, question, serving


async def test_single_tokens_take_one_prefill_for_each_question_and_nothing_else() -> None:
    engine = Engine()
    found, asker = await answers(engine)
    assert engine.asked == {"/generate": len(QUESTIONS)}
    assert asker.describe() == {"one_prefill": "10"}
    for of, response in zip(QUESTIONS, found, strict=True):
        assert list(response.log_probabilities or ()) == expected(engine, of)
        assert (response.key, response.prompt_sha256) == (of.key, of.prompt_sha256)
        assert response.prompt_tokens == len(engine.encode(of.prompt))
        best = max(response.log_probabilities or ())
        assert list(response.greedy or ()) == [value == best for value in response.log_probabilities or ()]
    path, body = engine.bodies[0]
    assert (path, body["sampling_params"]["max_new_tokens"], len(body["token_ids_logprob"])) == ("/generate", 1, 4)


async def test_the_numbers_are_the_same_by_echo() -> None:
    native, _ = await answers(Engine())
    engine = Engine(absent=["/generate"])
    echoed, asker = await answers(engine)
    assert [r.log_probabilities for r in native] == [r.log_probabilities for r in echoed]
    assert (engine.asked["/v1/completions"], engine.asked["/generate"]) == (40, 0)
    assert asker.describe() == {"request_for_each_choice": "10"}
    assert {body["seed"] for path, body in engine.bodies if path == "/v1/completions"} == {7}


@pytest.mark.parametrize("status", [400, 405, 422, 501])
async def test_an_engine_that_refuses_the_native_endpoint_is_asked_by_echo(status: int) -> None:
    engine = Engine(absent=["/generate"], status=status)
    found, _ = await answers(engine, QUESTIONS[:2])
    assert [list(response.log_probabilities or ()) for response in found] == [
        expected(engine, q) for q in QUESTIONS[:2]
    ]


async def test_choices_of_several_tokens_are_asked_one_by_one() -> None:
    engine = Engine()
    questions = [question(number, f"Q{number}:", (" yes", " no", " A")) for number in range(3)]
    found, asker = await answers(engine, questions)
    assert (engine.asked["/v1/completions"], engine.asked["/generate"]) == (9, 0)
    assert asker.describe() == {"request_for_each_choice": "3"}
    for of, response in zip(questions, found, strict=True):
        assert list(response.log_probabilities or ()) == expected(engine, of)
        assert response.prompt_tokens == sum(len(engine.encode(f"{of.prompt}{text}")) for text in (" yes", " no", " A"))


async def test_a_tokenizer_that_merges_context_and_choice_falls_back_with_lm_evals_numbers() -> None:
    engine = Engine(merged=[":A"])
    questions = [question(number, f"Q{number}:", ("A", "B")) for number in range(2)]
    found, asker = await answers(engine, questions)
    assert asker.several_requests == 2
    assert engine.asked["/generate"] == 0
    for of, response in zip(questions, found, strict=True):
        assert list(response.log_probabilities or ()) == expected(engine, of)


async def test_what_the_last_line_alone_says_is_held_against_the_whole_context() -> None:
    class Contextual(Engine):
        def encode(self, text: str) -> list[int]:
            return [1] * len(text) if "Question" in text and text.endswith(("A", "B")) else super().encode(text)

    engine = Contextual()
    _, asker = await answers(engine, [question(0, "Question\nAnswer:", (" A", " B"))])
    assert (asker.single_token, asker.several_requests) == (0, 1)


async def test_spaces_at_the_contexts_end_belong_to_the_choices_in_both_ways() -> None:
    spaced = [question(number, f"Q{number}\nAnswer: ", ("A", "B")) for number in range(3)]
    for engine, path in ((Engine(), "/generate"), (Engine(absent=["/generate"]), "/v1/completions")):
        found, _ = await answers(engine, spaced)
        assert engine.asked[path] > 0
        assert [list(response.log_probabilities or ()) for response in found] == [expected(engine, q) for q in spaced]
    assert split_request(ChoiceRequest(context="a: \n", continuations=("b",))) == ("a:", (" \nb",))


async def test_questions_of_both_shapes_and_of_texts_each_go_their_way() -> None:
    workload = Workload(name="w", benchmark="b", metric="", margin=0.0)
    written = generation_question(SampleKey(task="g", doc_id=9), "write", {"until": ["."]}, workload)
    mixed = [question(0, "Q0:", (" yes", " no")), question(1, "Q1\nAnswer:"), written]
    engine = Engine()
    found, asker = await answers(engine, mixed)
    assert asker.describe() == {"one_prefill": "1", "request_for_each_choice": "1"}
    assert (found[2].text, found[2].log_probabilities) == (" written", None)


async def test_many_choices_that_are_texts_of_their_own_are_not_all_looked_at_before() -> None:
    engine = Engine()
    texts = [question(number, f"Q{number}:", (f" first {number}", f" second {number}")) for number in range(80)]
    async with serving(engine) as client:
        asker = ChoiceAsker(Tokenizer(client, None), seed=1)
        await asker.prepare(client, texts)
        assert not engine.asked
        response = await asker.ask(client, texts[5])
    assert list(response.log_probabilities or ()) == expected(engine, texts[5])


async def test_without_choices_nothing_is_prepared() -> None:
    workload = Workload(name="w", benchmark="b", metric="", margin=0.0)
    engine = Engine()
    async with serving(engine) as client:
        written = generation_question(SampleKey(task="g", doc_id=1), "write", {}, workload)
        await ChoiceAsker(Tokenizer(client, None), seed=1).prepare(client, [written])
    assert not engine.asked


def test_the_script_itself_prefers_no_choice() -> None:
    values = [Engine.log_probability(Engine().encode(q.prompt), token) for q in QUESTIONS for token in range(4)]
    assert len(set(values)) > 5
    assert max(values) < log(1)
