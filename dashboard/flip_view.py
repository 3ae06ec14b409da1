"""An item that one side got right and the other wrong, as the page shows it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from db.sample_pairs import SamplePair, SampleSide
from evals.explain import Divergence, Excerpt, divergence, tokens_of
from evals.formatting import answer_line

SHOWN_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One side's answer: right says how it was judged, None when it was not.

    The text is shown in three parts: what both sides share, what differs first, and the rest.
    """

    right: bool | None
    extracted: str
    shared: str
    differing: str
    rest: str
    note: str


@dataclass(frozen=True, kw_only=True)
class FlipView:
    """An item with both answers; question is the prompt's last paragraph, behind the examples.

    parting: at which token or word the texts part; empty where they do not.
    """

    item: str
    direction: str
    gold: str
    question: str
    prompt: str
    parting: str
    candidate: AnswerView
    baseline: AnswerView


def flip_view(pair: SamplePair, model: str = "") -> FlipView:
    """Return an item as the page shows it; by the tokens of the model in this folder, or by words without it."""
    prompt, ours, theirs = pair.prompt or "", pair.candidate.text, pair.baseline.text
    parted = None if ours is None or theirs is None else divergence(ours, theirs, tokens=tokens_of(model))
    return FlipView(
        item=f"{pair.task}/{pair.doc_id}",
        direction=pair.flip or "",
        gold=answer_line(pair.gold) if pair.gold else "–",
        question=shortened(prompt.rstrip().rpartition("\n\n")[2]),
        prompt=shortened(prompt, 4 * SHOWN_CHARACTERS),
        parting=f"The texts part at {parted.unit} {parted.position + 1:,}." if parted else "",
        candidate=_answer(pair.candidate, parted, parted.candidate if parted else None),
        baseline=_answer(pair.baseline, parted, parted.baseline if parted else None),
    )


def shortened(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Return a text's beginning, with a word about what is left out."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _answer(side: SampleSide, parted: Divergence | None, excerpt: Excerpt | None) -> AnswerView:
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
    text = "no answer was recorded" if side.text is None else side.text
    start = parted.character if parted else len(text)
    end = start + len(excerpt.differing) if excerpt else start
    return AnswerView(
        right=None if side.value is None else side.value > 0,
        extracted=found or "–",
        shared=shortened(text[:start]),
        differing=text[start:end],
        rest=shortened(text[end:]),
        note=", ".join(notes),
    )
