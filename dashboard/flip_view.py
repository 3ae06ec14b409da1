"""An item that one side got right and the other wrong, as the page shows it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from db.sample_pairs import SamplePair, SampleSide
from evals.formatting import answer_line

SHOWN_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One side's answer: right says how it was judged, None when it was not."""

    right: bool | None
    extracted: str
    text: str
    note: str


@dataclass(frozen=True, kw_only=True)
class FlipView:
    """An item with both answers; question is the prompt's last paragraph, behind the examples."""

    item: str
    direction: str
    gold: str
    question: str
    prompt: str
    candidate: AnswerView
    baseline: AnswerView


def flip_view(pair: SamplePair) -> FlipView:
    """Return an item as the page shows it."""
    prompt = pair.prompt or ""
    return FlipView(
        item=f"{pair.task}/{pair.doc_id}",
        direction=pair.flip or "",
        gold=answer_line(pair.gold) if pair.gold else "–",
        question=shortened(prompt.rstrip().rpartition("\n\n")[2]),
        prompt=shortened(prompt, 4 * SHOWN_CHARACTERS),
        candidate=_answer(pair.candidate),
        baseline=_answer(pair.baseline),
    )


def shortened(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Return a text's beginning, with a word about what is left out."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _answer(side: SampleSide) -> AnswerView:
    notes = [f"found by {side.how}"] if side.how and side.parsed else []
    if side.log_probabilities:
        notes.append("log-probabilities " + ", ".join(f"{value:.3f}" for value in side.log_probabilities))
    if side.completion_tokens is not None:
        notes.append(f"{side.completion_tokens:,} tokens")
    if side.finish_reason:
        notes.append(f"ended by {side.finish_reason}")
    if side.latency_ms is not None:
        notes.append(f"{side.latency_ms:,.0f} ms")
    found = side.extracted if side.parsed else "nothing found in the answer"
    return AnswerView(
        right=None if side.value is None else side.value > 0,
        extracted=found or "–",
        text=shortened(side.text) if side.text is not None else "no answer was recorded",
        note=", ".join(notes),
    )
