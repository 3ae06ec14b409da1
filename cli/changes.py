"""Changes of level in a terminal: their size in the metric's own unit, and the commits around them."""

from __future__ import annotations

from typing import Any

from cli.text import visible
from evals.history.words import amount, bracket
from evals.history.words import step as size_of

STYLES = {
    "open": "bold red",
    "reopened": "bold red",
    "acknowledged": "yellow",
    "fixed": "green",
    "improvement": "green",
}


def amount_with_interval(point: dict[str, Any], unit: str) -> str:
    """Return a point's value with its interval, where it has one."""
    return f"{amount(point['value'], unit)} {bracket(point['low'], point['high'], unit)}".rstrip()


def step(change: dict[str, Any]) -> str:
    """Return a change's size with its interval: "−2.1 pp [−2.6, −1.5]", relative for what is no share."""
    return size_of(change["unit"], **{name: change[name] for name in ("before", "size", "low", "high")})


def levels(change: dict[str, Any]) -> str:
    """Return what a metric was before and after: "38.2 ms over 41 → 43.0 ms over 3"."""
    unit = change["unit"]
    before = f"{amount(change['before'], unit)} over {change['n_before']}"
    return f"{before} → {amount(change['after'], unit)} over {change['n_after']}"


def code(text: str | None) -> str:
    """Return a commit by its first twelve digits, a version as it is."""
    return visible(text[:12]) if text else "unknown"


def between(change: dict[str, Any]) -> str:
    """Return the code before and after, as git takes it where both are commits: "4f1d3b000000..4f1d3c000000"."""
    return f"{code(change['last_code'])}..{code(change['first_code'])}"
