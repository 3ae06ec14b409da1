"""Options in the forms in which datasets hold them, faults included."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.official.options import letters_of, read_list, read_options
from evals.errors import DatasetError


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        (["a", "b"], ("a", "b")),
        (("a", "b"), ("a", "b")),
        ("['a', 'b']", ("a", "b")),
        ("""['it\\'s', "5 o'clock"]""", ("it's", "5 o'clock")),
        ('["a", null, true, "\\u00e9"]', ("a", None, True, "é")),
        ("[['A', 'B', 'Not enough information']]", (["A", "B", "Not enough information"],)),
        ([["A", "B"]], (["A", "B"],)),
        ("['None', None, 1, 2.5]", ("None", None, 1, 2.5)),
        ([], ()),
        ("[]", ()),
        ([str(number) for number in range(30)], tuple(str(number) for number in range(30))),
    ],
)
def test_a_list_is_read_from_every_form_with_its_items_unchanged(raw: Any, options: tuple[Any, ...]) -> None:
    assert read_options(raw) == options


@pytest.mark.parametrize(
    "raw", [None, "", "a, b", "['a', 'b'", "{'a': 1}", {"A": "a"}, 3, "7", "\0", "[" * 10_000, "x()"]
)
def test_what_is_no_list_is_an_error_with_a_remedy(raw: Any) -> None:
    with pytest.raises(DatasetError) as raised:
        read_options(raw)
    assert "give `options` as a list" in raised.value.remedy
    assert len(raised.value.message) < 200
    assert read_list(raw) is None


def test_letters_go_on_beyond_the_ninth() -> None:
    assert letters_of(2) == ("A", "B")
    assert letters_of(12)[8:] == ("I", "J", "K", "L")
    assert letters_of(0) == ()
