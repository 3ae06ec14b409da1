"""Hide secrets in text that others wrote, such as an engine's log."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

SECRETS = (
    re.compile(r"\b(?:hf_|gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-|AKIA|ASIA|nvapi-)[A-Za-z0-9_\-]{8,}"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/\-]{8,}=*"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(
        r"""(?ix) (?<![a-z]) (?:[a-z]+[_-])* (?:api[_-]?key|secret|password|passwd|access[_-]?token|auth[_-]?token)
        (?:[_-][a-z]+)* ["']? \s* [:=] \s* (?!None|null|['"]['"]) (?P<value>"[^"]*"|'[^']*'|[^\s,;)}\]]+)"""
    ),
)


def scrub(text: str) -> str:
    """Return a text with everything that looks like a secret hidden."""
    for pattern in SECRETS:
        text = pattern.sub(_hide, text)
    return text


def _hide(match: re.Match[str]) -> str:
    value = match.groupdict().get("value")
    return match[0].removesuffix(value) + HIDDEN if value else HIDDEN
