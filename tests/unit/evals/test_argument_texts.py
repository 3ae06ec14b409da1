"""Arguments as people write them, and back."""

from __future__ import annotations

import pytest

from evals.argument_texts import argument_texts, engine_arguments
from evals.errors import InvalidSubmissionError


@pytest.mark.parametrize(
    "arguments",
    [
        {"mem-fraction-static": 0.5, "disable-radix-cache": True, "tp-size": 2, "x": False},
        {"attention-backend": "fa3", "path": "a=b c", "empty": ""},
        {"big": 2**40, "small": 1e-9},
    ],
)
def test_what_is_written_is_read_again(arguments: dict[str, object]) -> None:
    assert engine_arguments(argument_texts(arguments), "--engine-arg") == arguments


def test_a_line_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidSubmissionError, match="names no argument"):
        engine_arguments(["=5"], "--engine-arg")
