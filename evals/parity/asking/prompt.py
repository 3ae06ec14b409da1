"""One prompt of a parity workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.protocol import Picture


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """Hold one prompt; `name` is "group/name".

    ids: what is sent; None while a server must be asked for them, and for prompts with pictures, whose ids the server
    makes of `text`. text: what the ids were made of, if it was one text: put to a server's own tokenizer too.
    messages: the conversation behind the ids, with pictures as parts {"type": "image"}. length: how many of the text's
    tokens are meant, None for all. pixels: hashes of the pictures' pixels.
    """

    name: str
    ids: tuple[int, ...] | None = None
    text: str | None = None
    messages: tuple[dict[str, Any], ...] | None = None
    length: int | None = None
    pictures: tuple[Picture, ...] = ()
    pixels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Name a prompt that cannot be asked, and why."""

    name: str
    reason: str
