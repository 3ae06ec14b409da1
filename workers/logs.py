"""Read the end of an engine's log, without its secrets and without loading the whole file."""

from __future__ import annotations

import re
from pathlib import Path

MAX_BYTES = 256 * 1024
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


def tail(path: Path, *, lines: int = 200, start: int = 0) -> list[str]:
    """Return the last lines of a file from byte `start` on, scrubbed; [] when there is no file."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            begin = max(start, end - MAX_BYTES)
            file.seek(begin)
            text = file.read(MAX_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return []
    found = text.replace("\r", "\n").splitlines()
    if begin > start:
        found = found[1:]  # the first one lacks its beginning
    return [scrub(line) for line in found[-lines:]]


def scrub(text: str) -> str:
    """Return a text with everything that looks like a secret hidden."""
    for pattern in SECRETS:
        text = pattern.sub(_hide, text)
    return text


def _hide(match: re.Match[str]) -> str:
    value = match.groupdict().get("value")
    return match[0].removesuffix(value) + HIDDEN if value else HIDDEN
