"""Texts from elsewhere as pages show them: nothing hidden in them, and never too long; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHOWN = 20_000
"""How many characters of one text a page shows; the whole of it is behind a link."""

KEPT_BEFORE = 6_000
"""Of a long text, how many characters before the first difference are shown."""

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def visible(text: str) -> str:
    """Return a text in which every control and every invisible mark of direction can be seen.

    They could hide text, turn it round or steer a terminal. Tabs, line ends and right-to-left letters stay.
    """
    return _HIDDEN.sub(lambda found: _sign(ord(found[0])), text)


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def byte_count(text: str) -> str:
    """Return how long a text is: "1,048,576 bytes"."""
    size = len(text.encode("utf-8", "replace"))
    return "1 byte" if size == 1 else f"{size:,} bytes"


def shortened(text: str, limit: int) -> str:
    """Return a text's beginning without hidden characters, with a word about what is left out."""
    shown = visible(text[:limit])
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


@dataclass(frozen=True, kw_only=True)
class TextView:
    """A text in up to three parts: what both sides share, what differs first, and the rest.

    before, after: in words what is left out at either end, empty when nothing is. ends: the text ends where the other
    goes on, so that nothing differs but its end.
    """

    shared: str
    differing: str
    rest: str
    size: str
    before: str = ""
    after: str = ""
    ends: bool = False

    @property
    def cut(self) -> bool:
        """Tell whether something is left out."""
        return bool(self.before or self.after)


def text_view(text: str, differs: tuple[int, int] | None = None) -> TextView:
    """Return a text as the page shows it; differs: from which character to which it differs from the other side's.

    Of a long text the part around the first difference is kept, without one its beginning.
    """
    start, end = differs or (len(text), len(text))
    begin = max(0, start - KEPT_BEFORE) if differs and len(text) > SHOWN else 0
    stop = min(len(text), begin + SHOWN)
    return TextView(
        shared=visible(text[begin : min(start, stop)]),
        differing=visible(text[start : min(end, stop)]),
        rest=visible(text[end:stop]) if differs else "",
        size=byte_count(text),
        before=f"{begin:,} characters before this are left out" if begin else "",
        after=f"{len(text) - stop:,} characters behind this are left out" if stop < len(text) else "",
        ends=differs is not None and start == end,
    )
