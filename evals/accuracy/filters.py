"""Find the answer in a text, by the filters that lm-eval's definitions name; the same results as lm-eval's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNPARSED = "[invalid]"
"""What lm-eval's filters return when they find nothing."""

Step = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A named chain of steps from an answer's text to what was found in it."""

    name: str
    steps: tuple[Step, ...]
    fallbacks: frozenset[str]

    def apply(self, text: str) -> str:
        """Return what is found; one of `fallbacks` when nothing is."""
        for step in self.steps:
            text = step(text)
        return text

    def found(self, extracted: str) -> bool:
        """Tell whether a result of `apply` was found: it is no stand-in, and not empty."""
        return extracted not in self.fallbacks and bool(extracted.strip())


def filters_of(config: Mapping[str, Any]) -> tuple[Filter, ...]:
    """Return a definition's filters; without any, lm-eval's "none", which leaves the text as it is."""
    listed = config.get("filter_list") or [{"name": "none", "filter": [{"function": "take_first"}]}]
    return tuple(_filter(entry["name"], entry["filter"]) for entry in listed)


def unknown_steps(config: Mapping[str, Any]) -> set[str]:
    """Return the names of a definition's filter steps that only lm-eval itself can take."""
    named = {step["function"] for entry in config.get("filter_list") or [] for step in entry["filter"]}
    return {str(name) for name in named} - set(_STEPS)


def _filter(name: str, steps: Sequence[Mapping[str, Any]]) -> Filter:
    made = tuple(_STEPS[step["function"]](step) for step in steps)
    fallbacks = {str(step.get("fallback", UNPARSED)) for step in steps if step["function"] == "regex"}
    return Filter(name=name, steps=made, fallbacks=frozenset(fallbacks))


def _regex(settings: Mapping[str, Any]) -> Step:
    pattern = re.compile(settings.get("regex_pattern", r"#### (\-?[0-9\.\,]+)"))
    select = int(settings.get("group_select", 0))
    fallback = str(settings.get("fallback", UNPARSED))

    def find(text: str) -> str:
        matches = pattern.findall(text)
        if not matches:
            return fallback
        match = matches[select]
        if isinstance(match, tuple):
            match = next((group for group in match if group), fallback)
        return str(match).strip()

    return find


_STEPS: dict[str, Callable[[Mapping[str, Any]], Step]] = {
    "regex": _regex,
    "remove_whitespace": lambda settings: str.strip,
    "take_first": lambda settings: lambda text: text,
}
