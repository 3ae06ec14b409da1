"""Where two answers part: the first differing token, with what stands around it on either side; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from evals.tokenizing import loaded, tokenizer_file

SHOWN_BEFORE, SHOWN_AFTER = 160, 80
"""How many characters of the common text and of the rest an excerpt has."""

_WORD = re.compile(r"\s*\S+|\s+$")


class Unit(StrEnum):
    """What texts are compared by: the model's own tokens, or words where its tokenizer does not lie here."""

    TOKEN = "token"
    WORD = "word"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A token or word of a text: what tells it apart, and the characters it covers."""

    name: int | str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """One side's text around the first difference; `differing` is "" where the text ends there.

    before: the end of what both sides share. A mark … stands where more was left out.
    """

    before: str
    differing: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Say where two texts part: at which token or word, counted from 0, and at which character."""

    unit: Unit
    position: int
    character: int
    candidate: Excerpt
    baseline: Excerpt


Splitter = Callable[[str], Sequence[Piece]]


def words_of(text: str) -> list[Piece]:
    """Split a text into words, each with the spaces before it."""
    return [Piece(name=found[0], start=found.start(), end=found.end()) for found in _WORD.finditer(text)]


def tokens_of(model: str) -> Splitter | None:
    """Return what splits a text by a model's own tokenizer; None unless the model's folder with it lies here.

    It gives the tokens of the text as it stands; an engine may have come to the same text by others.
    """
    folder = Path(model)
    file = tokenizer_file(folder) if folder.is_absolute() else None
    if file is None:
        return None
    try:
        tokenizer = loaded(file)
    except Exception:  # noqa: BLE001  # the package has no exceptions of its own for files that it cannot read
        return None
    return lambda text: _pieces(tokenizer.encode(text, add_special_tokens=False))


def _pieces(encoding: Any) -> list[Piece]:
    spans = zip(encoding.ids, encoding.offsets, strict=True)
    return [Piece(name=number, start=start, end=end) for number, (start, end) in spans]


def divergence(candidate: str, baseline: str, *, tokens: Splitter | None = None) -> Divergence | None:
    """Return where two texts part, by tokens if these can be told, else by words; None for equal texts."""
    if candidate == baseline:
        return None
    ours, theirs = (tokens or words_of)(candidate), (tokens or words_of)(baseline)
    shared = min(len(ours), len(theirs))
    position = next((place for place in range(shared) if _differ(ours[place], theirs[place])), shared)
    if position == len(ours) == len(theirs):
        return divergence(candidate, baseline)  # a tokenizer that makes unlike texts alike, such as one without spaces
    start = min(_start(ours, position, candidate), _start(theirs, position, baseline))
    return Divergence(
        unit=Unit.WORD if tokens is None else Unit.TOKEN,
        position=position,
        character=start,
        candidate=_excerpt(candidate, ours, position, start),
        baseline=_excerpt(baseline, theirs, position, start),
    )


def _differ(ours: Piece, theirs: Piece) -> bool:
    return (ours.name, ours.start) != (theirs.name, theirs.start)


def _start(pieces: Sequence[Piece], position: int, text: str) -> int:
    return pieces[position].start if position < len(pieces) else len(text)


def _excerpt(text: str, pieces: Sequence[Piece], position: int, start: int) -> Excerpt:
    end = pieces[position].end if position < len(pieces) else len(text)
    before, after = text[:start], text[end:]
    return Excerpt(
        before=before if len(before) <= SHOWN_BEFORE else f"…{before[-SHOWN_BEFORE:]}",
        differing=text[start:end],
        after=after if len(after) <= SHOWN_AFTER else f"{after[:SHOWN_AFTER]}…",
    )
