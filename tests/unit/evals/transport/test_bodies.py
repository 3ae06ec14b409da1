"""JSON as engines write it, the odd kinds included."""

from __future__ import annotations

import json
import math

import pytest

from evals.transport.bodies import decoded, encoded


@pytest.mark.parametrize("value", [{"prompt": "a\n\u05d0"}, {"half": "\ud83d"}, {"large": 2**70}], ids=str)
def test_what_is_written_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(encoded(value)) == value
    assert decoded(encoded(value)) == value


def test_numbers_that_json_has_not_are_read_as_python_reads_them() -> None:
    assert math.isnan(decoded(b'{"logprob": NaN}')["logprob"])


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its kind is all that is promised
        decoded(body)
