"""Chats with pictures: every picture stands where the text names it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from evals.protocol import Picture

MARK = "<image>"
"""What stands for the next picture in a question's text, as in lm-eval's definitions."""

_NUMBERED = re.compile(r"<image\s+(\d+)>")
_KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


def picture_of(data: bytes) -> Picture:
    """Return an image file as a picture; its first bytes tell what kind it is."""
    kind = next((name for start, name in _KINDS.items() if data.startswith(start)), "image/png")
    return Picture(sha256=hashlib.sha256(data).hexdigest(), media_type=kind, data=data)


def named_pictures(text: str) -> list[int]:
    """Return the numbers of the pictures that a text names, in order, as often as it names them."""
    return [int(number) for number in _NUMBERED.findall(text)]


def with_marks(text: str) -> str:
    """Return a text with a mark for every picture that it names."""
    return _NUMBERED.sub(MARK, text)


def messages_of(messages: list[dict[str, Any]], pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Put the pictures into the last message: each at its mark, the ones without a mark at the end."""
    if not pictures:
        return messages
    *before, last = messages
    first, *rest = last["content"].split(MARK)
    content = _text(first)
    for number, piece in enumerate(rest):
        content += [_part(pictures[number])] if number < len(pictures) else _text(MARK)
        content += _text(piece)
    content += [_part(picture) for picture in pictures[len(rest) :]]
    return [*before, {**last, "content": content}]


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []


def _part(picture: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": picture.reference}}
