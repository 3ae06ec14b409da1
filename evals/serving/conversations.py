"""Real questions: the first turns of a file in ShareGPT's form."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson

from evals.errors import DatasetError

_ASKING = frozenset({"human", "user"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Hold a question and, where a tokenizer can tell, how many tokens it and its recorded reply have."""

    text: str
    tokens: int | None
    reply_tokens: int | None


def read_conversations(file: Path, tokenizer: Path | None, count: int) -> list[Turn]:
    """Return `count` first turns, from the file's beginning again when it has fewer.

    The file is a JSON list, or lines, of objects with `conversations` (`from`, `value`) or `messages` (`role`,
    `content`). tokenizer: the model's folder. Raises DatasetError for a file in which no question is found.
    """
    try:
        pairs = [pair for row in _rows(file.read_bytes()) if (pair := _first_turn(row))]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        pairs, reason = [], f": {error}"
    else:
        reason = ""
    if not pairs:
        raise DatasetError(
            f"{file} holds no conversation{reason}",
            remedy="name a JSON file in ShareGPT's form: a list of objects with `conversations`, each turn with "
            "`from` and `value`",
        )
    turns = [_counted(*pair, tokenizer) for pair in pairs[:count]]
    return list(islice(cycle(turns), count))


def _rows(body: bytes) -> list[Any]:
    if body.lstrip().startswith(b"["):
        rows: list[Any] = orjson.loads(body)
        return rows
    return [orjson.loads(line) for line in body.splitlines() if line.strip()]


def _first_turn(row: dict[str, Any]) -> tuple[str, str] | None:
    """Return the first question and its reply ("" where there is none)."""
    turns = row.get("conversations") or row.get("messages") or []
    said = [(turn.get("from") or turn.get("role"), turn.get("value") or turn.get("content")) for turn in turns]
    for n, (who, text) in enumerate(said):
        if who in _ASKING and isinstance(text, str) and text.strip():
            reply = said[n + 1][1] if n + 1 < len(said) else ""
            return text, reply if isinstance(reply, str) else ""
    return None


def _counted(text: str, reply: str, tokenizer: Path | None) -> Turn:
    if tokenizer is None:
        return Turn(text=text, tokens=None, reply_tokens=None)
    from evals.serving.vocabulary import count_tokens

    return Turn(text=text, tokens=count_tokens(tokenizer, text), reply_tokens=count_tokens(tokenizer, reply) or None)
