"""Foreign text in a terminal: nothing in it may steer the terminal or count as markup."""

from __future__ import annotations

from rich.markup import escape


def visible(text: str) -> str:
    """Return a text whose control characters, line breaks aside, are replaced by U+FFFD."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def cell(text: str) -> str:
    """Return a text for a table's cell: visible, and without markup."""
    return escape(visible(text))
