"""Markdown tables and folds, out of cells that are safe already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int = 1) -> str:
    """Return a table whose columns from `numbers_from` on are aligned to the right."""
    rules = ["---" if column < numbers_from else "---:" for column in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rules, *rows))


def fold(title: str, body: str) -> str:
    """Return a body that the reader opens with a click; the blank lines make GitHub read it as Markdown."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def bullets(lines: Iterable[str]) -> str:
    """Return a list with one line for each entry."""
    return "\n".join(f"- {line}" for line in lines)
