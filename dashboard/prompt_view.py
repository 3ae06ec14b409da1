"""A prompt as the page shows it: the turns of a chat with their pictures, or one text with its question; pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from dashboard.texts import SHOWN, byte_count, shortened, visible

MOST_TURNS = 60
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_LARGEST_PICTURE = 4_000_000


@dataclass(frozen=True, kw_only=True)
class PartView:
    """A piece of a turn: a text, a picture that can be shown (source), or words about what cannot be."""

    text: str = ""
    picture: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TurnView:
    """One turn of a chat."""

    role: str
    parts: tuple[PartView, ...]


@dataclass(frozen=True, kw_only=True)
class PromptView:
    """A prompt: turns for a chat, else its question and what stands before it; size: of the whole."""

    turns: tuple[TurnView, ...]
    examples: str
    question: str
    size: str
    cut: bool


def prompt_view(prompt: str | None, *, chat: bool) -> PromptView | None:
    """Return a stored prompt as the page shows it; None for none. chat: whether it is a list of messages."""
    if prompt is None:
        return None
    turns = _turns(prompt) if chat else None
    head, _, question = prompt.rstrip().rpartition("\n\n")
    return PromptView(
        turns=turns or (),
        examples="" if turns else shortened(head, SHOWN),
        question="" if turns else shortened(question, SHOWN),
        size=byte_count(prompt),
        cut=len(prompt) > SHOWN,
    )


def _turns(prompt: str) -> tuple[TurnView, ...] | None:
    """Return the turns of a chat; None for what is none, whoever wrote it."""
    try:
        messages = json.loads(prompt)
    except (ValueError, RecursionError):
        return None
    if not isinstance(messages, list) or not all(isinstance(one, dict) and "role" in one for one in messages):
        return None
    turns = [TurnView(role=visible(str(one["role"])[:40]), parts=_parts(one)) for one in messages[:MOST_TURNS]]
    if len(messages) > MOST_TURNS:
        turns.append(TurnView(role="…", parts=(PartView(note=f"{len(messages) - MOST_TURNS:,} more turns"),)))
    return tuple(turns)


def _parts(message: dict[str, Any]) -> tuple[PartView, ...]:
    content = message.get("content")
    if not isinstance(content, list):
        return (PartView(text=shortened("" if content is None else str(content), SHOWN)),)
    return tuple(_part(part) for part in content)


def _part(part: Any) -> PartView:
    if not isinstance(part, dict):
        return PartView(text=shortened(str(part), SHOWN))
    if part.get("type") != "image_url":
        return PartView(text=shortened(str(part.get("text", part)), SHOWN))
    held = part.get("image_url")
    address = str(held.get("url", "")) if isinstance(held, dict) else str(held)
    if len(address) <= _LARGEST_PICTURE and _PICTURE.fullmatch(address):
        return PartView(picture=address)
    kind, _, value = address.partition(":")
    if kind == "sha256":
        return PartView(note=f"a picture, which is not stored: only its SHA-256 is, {visible(value[:64])}")
    return PartView(note="a picture that is not stored and cannot be shown")
