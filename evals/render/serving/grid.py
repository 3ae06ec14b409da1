"""A table in words, for comments, pages and terminals."""

from __future__ import annotations

from dataclasses import dataclass

from evals.formatting import one_line

LEVEL = "in flight"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table in words with what is said about it; all of it is foreign text.

    numbers_from: the first column with numbers. about: what the table is. notes: what was found. command: stands
    under it, behind its title. brief: whether it belongs into the shortest account. open: whether it says what a
    reader must not miss.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    about: str = ""
    notes: tuple[str, ...] = ()
    command: str = ""
    command_title: str = ""
    numbers_from: int = 1
    brief: bool = False
    open: bool = False


def command_lines(text: str) -> str:
    """Return a command that keeps its lines and has nothing invisible in it."""
    return "\n".join(one_line(line, 2000) for line in text.splitlines())
