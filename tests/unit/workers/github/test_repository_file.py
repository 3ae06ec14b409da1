"""What a repository says of its evaluations."""

from __future__ import annotations

import time

import pytest

from evals.errors import InvalidSubmissionError
from workers.github.repository_file import MOST_BYTES, read_repository_file

WHOLE = b"""
version: 1
may_ask: [alice]
evaluations:
  - suite: new-model
    model: org/small
    margins: {gsm8k: 0.02}
    when: {labels: [new-model], paths: ["python/sglang/srt/models/*"]}
  - suite: serving
    model: org/large
    baseline: stored
    gpus: 8
"""


def test_a_whole_file_is_read() -> None:
    found = read_repository_file(WHOLE)
    assert [(one.suite, one.model, one.baseline, one.gpus) for one in found.evaluations] == [
        ("new-model", "org/small", "hf", None),
        ("serving", "org/large", "stored", 8),
    ]
    assert found.may_ask == ("alice",)
    assert found.evaluations[0].margins == {"gsm8k": 0.02}


def test_a_suite_chooses_its_evaluations() -> None:
    found = read_repository_file(WHOLE)
    assert [one.model for one in found.for_suite("serving")] == ["org/large"]
    assert len(found.for_suite(None)) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#" * (MOST_BYTES + 1), "at most 65,536 are read"),
        (b"version: 1\nevaluations: [", "is no YAML"),
        (b"\xff\xfe\xfa", "is no YAML"),
        (b"- 1", "is no mapping"),
        (b"", "is no mapping"),
        (b"version: 2\nevaluations: [{suite: a, model: b}]", "is wrong at version"),
        (b"version: 1\nevaluations: []", "is wrong at evaluations"),
        (b"version: 1\nevaluations: [{suite: a, model: b, gpus: 1000}]", "is wrong at evaluations.0.gpus"),
        (b"version: 1\nsurprise: 1\nevaluations: [{suite: a, model: b}]", "is wrong at surprise"),
        (b"version: 1\nevaluations: [!!python/object/apply:os.system [ls]]", "is no YAML"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, message: str) -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        read_repository_file(content)
    assert message in caught.value.message
    assert caught.value.remedy


def test_anchors_that_explode_cost_nothing() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    began = time.monotonic()
    with pytest.raises(InvalidSubmissionError, match="aliases are not allowed"):
        read_repository_file("\n".join(lines).encode())
    assert time.monotonic() - began < 1


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(InvalidSubmissionError, match="is no YAML"):
        read_repository_file(b"[" * 30_000)
