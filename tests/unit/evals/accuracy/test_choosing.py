"""Log-probabilities of choices, from one prefill or by echo, against a scripted server with a tokenizer of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import log
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evals.accuracy.answering import ask_all
from evals.accuracy.choosing import ChoiceAsker, split_request
from evals.accuracy.questions import ChoiceRequest, Question, choice_question, generation_question
from evals.client import EngineClient
from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.result import Response, SampleKey
from evals.spec import Workload
from evals.tokenizing import Tokenizer

LETTERS = (" A", " B", " C", " D")
DEMO_TOKENIZER = Path(__file__).resolve().parents[4] / "demo" / "demo-llm" / "tokenizer.json"


class Engine:
    """A model whose next token depends on nothing but the tokens so far, behind SGLang's endpoints.

    Its tokens are single characters, or a space with the character behind it; `merged` are pairs that are one token.
    `absent` are paths it does not have.
    """

    def __init__(self, *, merged: Sequence[str] = (), absent: Sequence[str] = (), status: int = 404) -> None:
        self.merged = tuple(merged)
        self.absent = set(absent)
        self.status = status
        self.asked: Counter[str] = Counter()
        self.bodies: list[tuple[str, dict[str, Any]]] = []

    def encode(self, text: str) -> list[int]:
        ids, place = [], 0
        while place < len(text):
            pair = text[place : place + 2]
            size = 2 if len(pair) == 2 and (pair[0] == " " or pair in self.merged) else 1
            piece = text[place : place + size]
            ids.append(ord(piece[0]) * 1000 + (ord(piece[1]) if size == 2 else 0))
            place += size
        return ids

    @staticmethod
    def log_probability(before: Sequence[int], token: int) -> float:
        return -1.0 - (sum(before) * 31 + token * 17) % 97 / 10

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        body = await request.json() if request.can_read_body else {}
        self.bodies.append((request.path, body))
        if request.path in self.absent:
            return web.json_response({"detail": "not here"}, status=self.status)
        ways = {"/tokenize": self.tokenize, "/generate": self.native, "/v1/completions": self.echo}
        way = ways.get(request.path)
        return web.json_response(way(body)) if way else web.json_response({}, status=404)

    def tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"tokens": [self.encode(text) for text in body["prompt"]]}

    def native(self, body: dict[str, Any]) -> dict[str, Any]:
        before = self.encode(body["text"])
        wanted = [[self.log_probability(before, token), token, None] for token in body["token_ids_logprob"]]
        best = max(wanted)
        meta = {"prompt_tokens": len(before), "output_token_logprobs": [best], "output_token_ids_logprobs": [wanted]}
        return {"text": "x", "meta_info": meta}

    def echo(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("echo"):
            return {"choices": [{"text": " written", "finish_reason": "stop"}]}
        ids = body["prompt"]
        own = [self.log_probability(ids[:place], token) for place, token in enumerate(ids)]
        best = [max(value, self.log_probability(ids[:place], 0)) for place, value in enumerate(own)]
        logprobs = {
            "token_logprobs": [None, *own[1:], -0.5],
            "top_logprobs": [None, *({"x": value} for value in best[1:]), {"y": -0.5}],
        }
        usage = {"prompt_tokens": len(ids), "completion_tokens": 1}
        return {"choices": [{"text": "", "logprobs": logprobs}], "usage": usage}


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[EngineClient]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", engine.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with EngineClient(f"http://127.0.0.1:{runner.addresses[0][1]}", tries=2, first_pause_s=0.01) as client:
            yield client
    finally:
        await runner.cleanup()


def question(number: int, context: str, continuations: tuple[str, ...] = LETTERS) -> Question:
    return choice_question(SampleKey(task=f"t{number % 2}", doc_id=number), context, continuations)


QUESTIONS = [question(number, f"Question {number}?\nAnswer:") for number in range(10)]


async def answers(
    engine: Engine, questions: Sequence[Question] = QUESTIONS, *, file: Path | None = None
) -> tuple[list[Response], ChoiceAsker]:
    async with serving(engine) as client:
        asker = ChoiceAsker(Tokenizer(client, file), seed=7)
        await asker.prepare(client, questions)
        engine.asked.clear()
        engine.bodies.clear()
        found = await ask_all(
            client, questions, concurrency=4, on_response=lambda q, r: None, check=lambda: None, ask=asker.ask
        )
    return found, asker


def expected(engine: Engine, of: Question) -> list[float]:
    """What lm-eval computes: the sum over a continuation's tokens, spaces at the context's end counted to it."""
    assert isinstance(of.request, ChoiceRequest)
    context = of.request.context.rstrip()
    spaces = of.request.context[len(context) :]
    sums = []
    for text in of.request.continuations:
        ids = engine.encode(context + spaces + text)
        start = len(engine.encode(context))
        sums.append(sum(engine.log_probability(ids[:place], ids[place]) for place in range(start, len(ids))))
    return sums


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


async def test_a_missing_native_endpoint_is_noticed_when_the_first_question_would_not_have_used_it() -> None:
    engine = Engine(absent=["/generate"])
    mixed = [question(0, "Q0:", (" yes", " no")), question(1, "Q1\nAnswer:")]
    found, _ = await answers(engine, mixed)
    assert [list(response.log_probabilities or ()) for response in found] == [expected(engine, q) for q in mixed]


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


def test_the_script_itself_prefers_no_choice() -> None:
    values = [Engine.log_probability(Engine().encode(q.prompt), token) for q in QUESTIONS for token in range(4)]
    assert len(set(values)) > 5
    assert max(values) < log(1)
