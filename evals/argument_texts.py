"""Arguments as people write them, `key=value`, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evals.errors import InvalidSubmissionError


def engine_arguments(texts: list[str], option: str) -> dict[str, Any]:
    """Turn `key=value` texts into arguments: numbers and true/false are read as such, a bare key is a flag."""
    arguments: dict[str, Any] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        name = key.strip().lstrip("-").replace("_", "-")
        if not name:
            raise InvalidSubmissionError(f"{option} {text!r} names no argument", remedy=f"write {option} key=value")
        arguments[name] = _value(value) if separator else True
    return arguments


def argument_texts(arguments: Mapping[str, Any]) -> list[str]:
    """Return the texts that `engine_arguments` reads as these arguments."""
    return [name if value is True else f"{name}={_text(value)}" for name, value in arguments.items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool) and text not in ("NaN", "Infinity", "-Infinity") else text
