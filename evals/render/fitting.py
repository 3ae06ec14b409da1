"""As many sections of a document as fit."""

from __future__ import annotations

from collections.abc import Iterable


def fitted(head: str, sections: Iterable[str], *, budget: int, left_out: str) -> str:
    """Return the head with its sections; from the first one on that does not fit, `left_out` stands in their place.

    budget: in characters, for the whole. So the last sections go first.
    """
    text = head
    for section in sections:
        if len(text) + len(section) + len(left_out) + 4 > budget:
            return f"{text}\n\n{left_out}"
        text += f"\n\n{section}"
    return text
