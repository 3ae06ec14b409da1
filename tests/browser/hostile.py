"""Texts that a model may emit and that a page must survive."""

from __future__ import annotations

from typing import Any

SCRIPT = '<script>document.title = "owned"; alert("script")</script>'
PICTURE = '<img src="https://outside.invalid/pixel.png" onerror="alert(\'picture\')">'
LINK = '<a href="javascript:alert(1)">here</a><iframe src="https://outside.invalid/"></iframe>'
TEMPLATE = "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}${7*7}"
MARKUP = "</pre></td></table></main><style>body { display: none }</style><h1>owned</h1>"
HTMX = '<div hx-get="https://outside.invalid/" hx-trigger="load" hx-on:htmx:load="alert(2)">load</div>'
BACKWARDS = "\u202e#### 24\u202c and \u2067مرحبا 123 שלום\u2069, \u200bzero\u200d width\ufeff"
CONTROL = "\x1b[31mred\x1b[0m \x07bell \x7f \ud83d half a pair, \u0000 nothing"
LONG = "<b>no end</b> " * 75_000
"""Somewhat more than one megabyte."""

ONE_WORD = "w" * 100_000
LINES = "\n" * 20_000 + "after the lines"

HOSTILE_TEXTS = (
    SCRIPT + PICTURE, LINK + MARKUP, TEMPLATE + HTMX, BACKWARDS, CONTROL, LONG, ONE_WORD, LINES,
)  # fmt: skip
HOSTILE_QUESTIONS = tuple(f"Question {number}: {SCRIPT}{PICTURE}{BACKWARDS}" for number in range(len(HOSTILE_TEXTS)))

HOSTILE_ERROR: dict[str, Any] = {
    "code": "engine_died",
    "message": f"the engine ended with status 1: {SCRIPT} {BACKWARDS}",
    "remedy": f"read its log: {PICTURE}",
    "log": [MARKUP, BACKWARDS, ONE_WORD[:2000]],
}
