"""Compare greedy texts that one engine gave in two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.engine_checks.outcome import Outcome, undecided
from evals.outcome import Verdict

_SHOWN = 40


def judge_offline(server: Mapping[str, str], offline: Mapping[str, Mapping[str, str]]) -> Outcome:
    """Judge the offline engine: each of its ways of asking must give the server's text for every prompt.

    server: texts by prompt; offline: for each way ("generate", "async_generate") texts by prompt.
    """
    missing = [f"{way} gave no text for {name}" for way, texts in offline.items() for name in server.keys() - texts]
    if missing or not offline or not server:
        return undecided(missing[0] if missing else "there are no texts to compare")
    pairs = [(way, name, server[name], texts[name]) for way, texts in offline.items() for name in server]
    reasons = [f"{way}, {name}: {difference(theirs, ours)}" for way, name, theirs, ours in pairs if theirs != ours]
    return Outcome(
        verdict=Verdict.FAIL if reasons else Verdict.PASS,
        passed=len(pairs) - len(reasons),
        n=len(pairs),
        reasons=tuple(reasons),
    )


def difference(server: str, other: str) -> str:
    """Say where a text parts from the server's."""
    place = parting(server, other)
    ours, theirs = (text[place : place + _SHOWN] or "(its end)" for text in (other, server))
    return f"differs from the server's after {place} characters: {ours!r} in place of {theirs!r}"


def parting(one: str, two: str) -> int:
    """Return how many characters two texts have in common before they part."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((place for place, (first, second) in pairs if first != second), min(len(one), len(two)))


def continuations(texts: Sequence[str], prompts: Sequence[str]) -> list[str | None]:
    """Return what follows each prompt in a decoded text; None where the prompt is not in it."""
    return [text.partition(prompt)[2] if prompt in text else None for text, prompt in zip(texts, prompts, strict=False)]


def agrees(continuation: str, answer: str) -> bool:
    """Tell whether one text is the beginning of the other, white space at the ends aside."""
    one, two = continuation.strip(), answer.strip()
    return bool(one) and bool(two) and (one.startswith(two) or two.startswith(one))
