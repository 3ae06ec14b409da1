"""Read a field of an item the way lm-eval does: a column's name, a Jinja template, or a function."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template

Item = Mapping[str, Any]


def _regex_replace(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    return re.sub(pattern, replacement, text, count=count)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Prompts are no HTML: escaping would change them.
    environment = Environment(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["regex_replace"] = _regex_replace
    return environment


@lru_cache(maxsize=1024)
def _compiled(template: str) -> Template:
    return _environment().from_string(template)


def render(template: str, item: Item) -> str:
    """Return a Jinja template filled with an item's columns; one without marks is returned as it is."""
    if "{" not in template:
        return template
    return _compiled(template).render(**item)


def text_of(field: Any, item: Item) -> str:
    """Return the text that `doc_to_text` describes."""
    if callable(field):
        return str(field(item))
    return str(item[field]) if field in item else render(str(field), item)


def choices_of(field: Any, item: Item) -> list[str]:
    """Return the choices that `doc_to_choice` describes: a list, a column or a template of a literal list."""
    if callable(field):
        return list(field(item))
    if isinstance(field, list):
        return field
    return list(item[field] if field in item else ast.literal_eval(render(field, item)))


def target_of(field: Any, item: Item, *, has_choices: bool) -> Any:
    """Return what `doc_to_target` describes; with choices, digits are an index."""
    if callable(field):
        return field(item)
    if field in item:
        return item[field]
    text = render(str(field), item)
    if has_choices and text.isdigit():
        return int(text)
    if len(text) >= 2 and text[0] == "[" and text[-1] == "]":
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
    return text
