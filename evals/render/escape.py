"""Make foreign text harmless inside GitHub-flavoured Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Collection

from evals.formatting import one_line

_BREAK = "&#8203;"
_RULES = (
    # What Markdown, HTML or GitHub's mathematics read as markup; an underscore inside a word is none.
    re.compile(r"[&<>`*~|\\$]|(?<![^\W_])_|_(?![^\W_])"),
    # What makes a link, an image, a footnote or a link's definition out of brackets.
    re.compile(r"^\[|\[(?=\^)|\](?=[(\[:])"),
    # What starts a heading, a list or a rule at the beginning of a line.
    re.compile(r"^[-+=#]|^\d+(?=[.)](?:\s|$))"),
    # What GitHub turns into a link or an emoji.
    re.compile(r":(?=//)|(?<!\d):(?=[\w+-]+:)|(?<=\bwww)\.", re.IGNORECASE),
)
# GitHub looks for these after the Markdown is rendered, when an entity is a plain character again.
_PINGS = re.compile(r"@|#(?=\d)|\bGH(?=-\d)", re.IGNORECASE)
# What may be a commit becomes a link to it; six digits are too few for that. Inside <code> GitHub leaves it alone.
_COMMIT = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])", re.IGNORECASE)
_SHORT = 6


def plain(text: str, limit: int = 300) -> str:
    """Return foreign text as one line of plain words: no markup, no link, no ping, nothing invisible."""
    line = one_line(text, limit)
    commits = [range(found.start(), found.end()) for found in _COMMIT.finditer(line)]
    return _harmless(line, {place for places in commits for place in places[_SHORT - 1 :: _SHORT]})


def _harmless(line: str, more: Collection[int] = ()) -> str:
    unsafe = {match.start() for rule in _RULES for match in rule.finditer(line)}
    broken = {match.end() - 1 for match in _PINGS.finditer(line)} | set(more)
    return "".join(
        (f"&#{ord(char)};" if position in unsafe else char) + (_BREAK if position in broken else "")
        for position, char in enumerate(line)
    )


def code(text: str | None, limit: int = 120, *, missing: str = "–") -> str:
    """Return foreign text as one line of code; None becomes `missing`, an empty text says so."""
    if text is None:
        return missing
    return f"<code>{_harmless(one_line(text, limit))}</code>" if text.strip() else "<i>empty</i>"


def block(text: str, limit: int = 2000) -> str:
    """Return foreign text as a preformatted block that keeps its lines; of a longer text the end remains."""
    cut = text if len(text) <= limit else "…" + text[-limit:]
    lines = (" " * (len(line) - len(line.lstrip(" "))) + one_line(line, 400) for line in cut.splitlines())
    # Markdown is off until the closing tag, and GitHub looks for neither pings nor links inside <pre>.
    return "<pre>" + "\n".join(html.escape(line, quote=False) for line in lines).strip("\n") + "</pre>"


def link(title: str, url: str | None) -> str:
    """Return a link, or the title alone when the address is not a plain http(s) one."""
    if url is None or not re.fullmatch(r"https?://[\w.:\[\]-]+(?:/[\w./~%+@:,;=&?#-]*)?", url, re.ASCII):
        return title
    return f"[{title}](<{url}>)"
