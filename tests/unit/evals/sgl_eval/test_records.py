"""Every line of the driver is a record of known shape or an error that says so; none is taken on trust."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.errors import DatasetError, EngineUnreachableError, PlumblineError, RequestRefusedError
from evals.result import SampleKey
from evals.sgl_eval.errors import HarnessFailedError
from evals.sgl_eval.records import Done, Failed, Judged, Record, Started, read_record

ANSWER: dict[str, Any] = {
    "request_sha256": "ab" * 32, "text": "so \\boxed{44}", "reasoning": "hm", "finish_reason": "stop",
    "prompt_tokens": 7, "completion_tokens": 3, "sent_at": 10.5, "ended_at": 11.0, "attempts": 2,
}  # fmt: skip
JUDGED: dict[str, Any] = {
    "kind": "judged", "doc_id": 3, "repeat": 1, "prompt": '[{"role":"user","content":"?"}]', "score": 1.0,
    "extracted": "44", "gold": "44", "answer": ANSWER,
}  # fmt: skip
START: dict[str, Any] = {
    "kind": "start", "version": "0.1.3", "nemo_skills": "645c", "generation": {"top_p": 0.95}, "asked": [0, 2],
    "skipped": {"1": "no image"},
}  # fmt: skip


def read(values: Any) -> Record:
    line = values if isinstance(values, str | bytes) else json.dumps(values)
    return read_record(line, benchmark="sgl-eval/gsm8k", metric="exact_match,sgl-eval")


def judged(**changes: Any) -> Judged:
    record = read(JUDGED | changes)
    assert isinstance(record, Judged)
    return record


def test_a_judged_answer_becomes_what_was_asked_the_response_and_its_score() -> None:
    record = judged()
    key = SampleKey(task="sgl-eval/gsm8k", doc_id=3, repeat=1)
    response, score = record.response, record.score
    assert response is not None
    assert record.asked.key == response.key == key
    assert record.asked.prompt == JUDGED["prompt"]
    assert record.asked.prompt_sha256 == response.prompt_sha256 == score.prompt_sha256
    assert len(score.prompt_sha256) == 64
    assert (response.text, response.reasoning, response.finish_reason) == ("so \\boxed{44}", "hm", "stop")
    assert (response.prompt_tokens, response.completion_tokens, response.attempts) == (7, 3, 2)
    assert (response.sent_at, response.ended_at, response.request_sha256) == (10.5, 11.0, "ab" * 32)
    assert (score.task, score.doc_id, score.repeat, score.metric) == ("sgl-eval/gsm8k", 3, 1, "exact_match,sgl-eval")
    assert (score.value, score.parsed, score.extracted, score.gold) == (1.0, True, "44", "44")


def test_an_answer_in_which_nothing_was_found_is_unparsed_and_wrong() -> None:
    score = judged(score=0.0, extracted=None).score
    assert (score.value, score.parsed, score.extracted) == (0.0, False, None)


def test_an_answer_that_was_stored_before_has_a_score_and_no_response() -> None:
    record = judged(answer=None)
    assert record.response is None
    assert record.score.value == 1.0


@pytest.mark.parametrize("text", ["", " \n", "x" * 200_000, "\u202eab", "\x00", "\ud800", '{"kind": "done"}', "\u2028"])
def test_texts_come_through_as_they_are(text: str) -> None:
    record = judged(answer=ANSWER | {"text": text}, prompt=text, extracted=text)
    assert record.response is not None
    assert record.response.text == record.asked.prompt == record.score.extracted == text


@pytest.mark.parametrize("value", [None, -1, 1.5, "7", True, [7]])
def test_a_count_that_is_none_is_not_known(value: Any) -> None:
    response = judged(answer=ANSWER | {"prompt_tokens": value}).response
    assert response is not None
    assert response.prompt_tokens is None


def test_a_clock_that_went_backwards_makes_no_negative_time() -> None:
    response = judged(answer=ANSWER | {"sent_at": 5.0, "ended_at": 4.0}).response
    assert response is not None
    assert response.ended_at == response.sent_at == 5.0


@pytest.mark.parametrize(
    "line",
    [
        b"", b"nonsense", b"\xff\xfe", b"null", b"[]", b"{}", b"7", b"[" * 100_000, b'{"kind": "judged"}',
        b'{"kind": ["judged"]}', b'{"kind": "other"}', b'{"kind": "done", "judged": -1}', b'{"kind": "done"}',
        b'{"kind": "done", "judged": 1', b'{"kind": "failed", "cause": "whim", "message": "?", "status": null}',
        b'{"kind": "failed", "cause": "refused", "message": 7, "status": null}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_record_is_the_harnesss_failure(line: bytes) -> None:
    with pytest.raises(HarnessFailedError, match="cannot be read") as caught:
        read(line)
    assert caught.value.retryable
    assert len(json.dumps(caught.value.as_dict())) < 3000


@pytest.mark.parametrize(
    "changes",
    [
        {"doc_id": -1}, {"doc_id": "3"}, {"doc_id": True}, {"doc_id": 3.0}, {"repeat": None}, {"prompt": None},
        {"prompt": ["?"]}, {"score": 2.0}, {"score": 0.5}, {"score": None}, {"score": True}, {"score": "1"},
        {"score": float("nan")}, {"score": float("inf")}, {"extracted": 44}, {"gold": 44}, {"gold": None},
        {"answer": "44"}, {"answer": {}}, {"answer": ANSWER | {"text": None}}, {"answer": ANSWER | {"text": ["44"]}},
        {"answer": ANSWER | {"reasoning": 1}}, {"answer": ANSWER | {"finish_reason": 1}},
        {"answer": ANSWER | {"sent_at": None}}, {"answer": ANSWER | {"ended_at": float("nan")}},
        {"answer": ANSWER | {"attempts": -1}}, {"answer": ANSWER | {"request_sha256": None}},
    ],
)  # fmt: skip
def test_a_field_that_is_not_as_it_must_be_is_the_harnesss_failure(changes: dict[str, Any]) -> None:
    with pytest.raises(HarnessFailedError, match="cannot be read"):
        read(JUDGED | changes)


def test_the_first_record_says_what_is_asked_and_what_is_left_out() -> None:
    record = read(START)
    assert isinstance(record, Started)
    assert (record.version, record.nemo_skills, record.generation) == ("0.1.3", "645c", {"top_p": 0.95})
    assert (record.asked, record.skipped) == (frozenset({0, 2}), {1: "no image"})


@pytest.mark.parametrize("changes", [{"asked": 3}, {"asked": ["0"]}, {"skipped": {"x": "?"}}, {"generation": None}])
def test_a_first_record_of_another_shape_is_the_harnesss_failure(changes: dict[str, Any]) -> None:
    with pytest.raises(HarnessFailedError):
        read(START | changes)


def test_the_last_record_counts_the_answers() -> None:
    assert read({"kind": "done", "judged": 4}) == Done(judged=4)


@pytest.mark.parametrize(
    ("cause", "kind", "retryable"),
    [
        ("refused", RequestRefusedError, False),
        ("unreachable", EngineUnreachableError, True),
        ("items", DatasetError, False),
    ],
)
def test_a_failure_becomes_the_error_of_its_cause(cause: str, kind: type[PlumblineError], retryable: bool) -> None:
    record = read({"kind": "failed", "cause": cause, "message": "HTTP 400: " + "x" * 5000, "status": 400})
    assert isinstance(record, Failed)
    assert type(record.error) is kind
    assert record.error.retryable is retryable
    assert "HTTP 400" in record.error.message
    assert len(record.error.message) < 400
