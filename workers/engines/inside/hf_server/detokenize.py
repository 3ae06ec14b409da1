"""Turn token ids into text step by step, in the windows SGLang uses, so that equal ids give equal text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .requests import Finish, Sampling

CONTEXT_TOKENS = 5  # the prompt's last tokens, which decide whether the first new word begins with a space
UNFINISHED = "\ufffd"


class TextDecoder:
    """Decode one request's tokens as they arrive; text that may still change is held back.

    A token can be a part of a character, and some tokenizers drop the space before a first word. So each step decodes a
    window of tokens that begins before the new ones and takes away the text of the window's old part.
    """

    def __init__(self, tokenizer: Any, prompt_ids: Sequence[int], sampling: Sampling) -> None:
        self._tokenizer = tokenizer
        self._sampling = sampling
        self._ids = list(prompt_ids[-CONTEXT_TOKENS:])
        self._window = 0
        self._settled = len(self._ids)
        self._text = ""

    def add(self, token_ids: Sequence[int], finish: Finish | None) -> str:
        """Take new tokens and return the whole text so far, cut at the matched stop when the request has ended."""
        self._ids.extend(token_ids)
        new = self._new_text(finish)
        if finish is not None:
            return self._trimmed(self._text + new, finish)
        if not new or new.endswith(UNFINISHED):
            return self._text + printable_part(new)
        self._text += new
        self._window, self._settled = self._settled, len(self._ids)
        return self._text

    def _new_text(self, finish: Finish | None) -> str:
        ids = self._ids[self._window :]
        if finish is not None and isinstance(finish.matched, int) and not self._sampling.no_stop_trim:
            ids = ids[:-1]
        return self._decode(ids)[len(self._decode(self._ids[self._window : self._settled])) :]

    def _decode(self, ids: Sequence[int]) -> str:
        if not ids:
            return ""
        text: str = self._tokenizer.decode(
            ids,
            skip_special_tokens=self._sampling.skip_special_tokens,
            spaces_between_special_tokens=self._sampling.spaces_between_special_tokens,
        )
        return text

    def _trimmed(self, text: str, finish: Finish) -> str:
        if not isinstance(finish.matched, str):
            return text
        position = text.find(finish.matched)
        if position < 0:
            return text
        return text[: position + len(finish.matched)] if self._sampling.no_stop_trim else text[:position]


def printable_part(text: str) -> str:
    """Return the part of an unfinished text that later tokens cannot change."""
    if text.endswith("\n") or (text and is_cjk(text[-1])):
        return text
    if len(text) > 1 and is_cjk(text[-2]):
        return text[:-1]
    return text[: text.rfind(" ") + 1]


def is_cjk(character: str) -> bool:
    """Tell whether a character is a CJK ideograph, which needs no space to be complete."""
    point = ord(character)
    return 0x3400 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0x20000 <= point <= 0x2FA1F


@lru_cache(maxsize=1)
def byte_alphabet() -> dict[str, int]:
    """Return the byte behind each sign of a byte-level vocabulary (the table of GPT-2)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    table = {chr(byte): byte for byte in shown}
    return table | {chr(256 + index): byte for index, byte in enumerate(hidden)}


def token_bytes(tokenizer: Any, token_id: int) -> bytes:
    """Return a token's bytes, exact for byte-level vocabularies and the UTF-8 of its text for all others."""
    piece = tokenizer.convert_ids_to_tokens(token_id)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    byte_level = backend is not None and "ByteLevel" in repr(backend.decoder)
    if byte_level and piece is not None and token_id not in tokenizer.all_special_ids:
        alphabet = byte_alphabet()
        if all(sign in alphabet for sign in piece):
            return bytes(alphabet[sign] for sign in piece)
    text: str = tokenizer.decode([token_id])
    return text.encode()


def token_text(tokenizer: Any, token_id: int) -> str:
    """Return a token's text; a part of a character becomes one sign for each byte, so that no two parts look alike."""
    text: str = tokenizer.decode([token_id])
    if UNFINISHED not in text:
        return text
    raw = token_bytes(tokenizer, token_id)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
    return text
