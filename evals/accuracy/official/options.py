"""Read the options of a multiple-choice item in every form in which the datasets hold them."""

from __future__ import annotations

import ast
import json
from typing import Any

from evals.errors import DatasetError

_SHOWN = 80


def read_options(raw: Any) -> tuple[Any, ...]:
    """Return an item's options in order, each as the dataset has it.

    `raw` is a list, or a text that holds one as a Python literal (so MMMU stores them) or else as JSON. Options are
    texts; those of faulty data (lists, numbers, None) are handed on unchanged, so that letters keep their places.
    Raises DatasetError when it is no list at all.
    """
    options = read_list(raw)
    if options is None:
        raise DatasetError(
            f"the options of an item are no list: {str(raw)[:_SHOWN]!r}",
            remedy="give `options` as a list of texts, or as a text that holds such a list",
        )
    return options


def read_list(raw: Any) -> tuple[Any, ...] | None:
    """Return the items of a list, or of the list that a text holds; None when there is no list."""
    value = _value_in(raw) if isinstance(raw, str) else raw
    return tuple(value) if isinstance(value, list | tuple) else None


def _value_in(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _json_in(text)


def _json_in(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def letters_of(count: int) -> tuple[str, ...]:
    """Return the letters of so many options: A, B, C and on; beyond Z, as officially, whatever Unicode has next."""
    return tuple(chr(ord("A") + place) for place in range(count))
