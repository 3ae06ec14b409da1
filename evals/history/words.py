"""Values and changes of level in words, the same on pages and in terminals."""

from __future__ import annotations


def amount(value: float, unit: str) -> str:
    """Return a value in its unit: "85.0 %", "43.1 ms"."""
    return f"{100 * value:.1f} %" if unit == "share" else f"{value:.4g} {unit}"


def bracket(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval in the digits of its value, "[84.1, 85.9]"; "" where it is unknown."""
    if low is None or high is None:
        return ""
    scale, form = (100, ".1f") if unit == "share" else (1, ".4g")
    return f"[{scale * low:{form}}, {scale * high:{form}}]".replace("-", "−")


def step(unit: str, *, before: float, size: float, low: float, high: float) -> str:
    """Return a change's size with its interval: "−2.1 pp [−2.6, −1.5]", relative for what is no share."""
    base = 1.0 if unit == "share" else abs(before) or 1.0
    shown, least, most = (100 * value / base for value in (size, low, high))
    word = "pp" if unit == "share" else "%"
    return f"{shown:+.1f} {word} [{least:+.1f}, {most:+.1f}]".replace("-", "−")
