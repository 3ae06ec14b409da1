"""One item with both sides' answers as its page shows it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.parting import Parting, parting
from dashboard.prompt_view import PromptView, prompt_view
from dashboard.sample_scores import ChoiceRow, ScoreRow, choice_rows, flip_of, score_rows, side_cell
from dashboard.texts import TextView, shortened, text_view, visible
from dashboard.words import duration
from db.sample_detail import ItemSide
from evals.explain import Splitter
from evals.formatting import answer_line
from evals.result import Response, Score


@dataclass(frozen=True, kw_only=True)
class ItemPlace:
    """Say which answers are shown: of which item, under which metric, of which repeat; names: what the sides are."""

    workload: str
    task: str
    doc_id: int
    metric: str
    repeat: int = 0
    repeats: int = 1
    chat: bool = False
    names: tuple[str, str] = ("Candidate", "Baseline")


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One side's answer; right: how it was judged, None when it was not. facts: what is known of it, name and value.

    word, style: the same as its chip.
    """

    name: str
    right: bool | None
    word: str
    style: str
    extracted: str
    found: bool
    text: TextView | None
    thoughts: TextView | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SampleView:
    """A whole page about an item. links: addresses by name ("previous", "next", "list", "raw candidate" ...)."""

    place: ItemPlace
    flip: str
    gold: str
    gold_whole: str
    prompt: PromptView | None
    same_prompt: bool
    parting: str
    candidate: AnswerView
    baseline: AnswerView
    scores: tuple[ScoreRow, ...]
    choices: tuple[ChoiceRow, ...]
    links: Mapping[str, str] = field(default_factory=dict)


def sample_view(
    place: ItemPlace, ours: ItemSide, theirs: ItemSide, *, tokens: Splitter | None = None, links: Mapping[str, str]
) -> SampleView:
    """Return an item's page; tokens: splits a text by the model's own tokenizer, without it words are compared."""
    parted = _parting(ours.response, theirs.response, place, tokens)
    gold = next((score.gold for score in (*ours.scores, *theirs.scores)), "")
    prompts = {side.response.prompt_sha256 for side in (ours, theirs) if side.response}
    return SampleView(
        place=place,
        flip=flip_of(*(score.value if score else None for score in (_score(ours, place), _score(theirs, place)))),
        gold=visible(shortened(answer_line(gold), 300)) if gold else "–",
        gold_whole=shortened(gold, 4000) if "\n" in gold.strip() else "",
        prompt=prompt_view(ours.prompt if ours.prompt is not None else theirs.prompt, chat=place.chat),
        same_prompt=len(prompts) < 2,
        parting=parted.words if parted else _no_parting(ours.response, theirs.response),
        candidate=_answer(place.names[0], ours, place, parted.candidate if parted else None),
        baseline=_answer(place.names[1], theirs, place, parted.baseline if parted else None),
        scores=score_rows(ours.scores, theirs.scores, place.metric),
        choices=choice_rows(ours.response, theirs.response),
        links=links,
    )


def _parting(
    ours: Response | None, theirs: Response | None, place: ItemPlace, tokens: Splitter | None
) -> Parting | None:
    if ours is None or theirs is None:
        return None
    names = (place.names[0].lower(), place.names[1].lower())
    return parting(ours.text, theirs.text, names=names, tokens=tokens)


def _no_parting(ours: Response | None, theirs: Response | None) -> str:
    if ours is None or theirs is None:
        return "There is only one answer, so there is nothing to hold it against."
    return "Both answers are the same text." if ours.text else ""


def _score(side: ItemSide, place: ItemPlace) -> Score | None:
    return next((score for score in side.scores if score.metric == place.metric), None)


def _answer(name: str, side: ItemSide, place: ItemPlace, span: tuple[int, int] | None) -> AnswerView:
    score, response = _score(side, place), side.response
    thoughts = response.reasoning if response else None
    judged = side_cell(score.value if score else None, None)
    return AnswerView(
        name=name,
        right=None if score is None else score.value > 0,
        word=judged.word,
        style=judged.style,
        extracted=shortened(score.extracted, 1000) if score and score.extracted is not None else "–",
        found=score is not None and score.parsed,
        text=text_view(response.text, span) if response and not response.log_probabilities else None,
        thoughts=text_view(thoughts) if thoughts else None,
        facts=tuple(_facts(side, score)),
    )


def _facts(side: ItemSide, score: Score | None) -> list[tuple[str, str]]:
    response = side.response
    facts = [("Found by", visible(score.how))] if score and score.how and score.parsed else []
    if response is None:
        return [*facts, ("Answer", "not recorded")]
    counts = (("Prompt", response.prompt_tokens), ("Answer", response.completion_tokens))
    facts += [(name, f"{count:,} tokens") for name, count in counts if count is not None]
    if response.finish_reason:
        cut = " (cut at the limit on tokens)" if response.finish_reason == "length" else ""
        facts.append(("Ended by", visible(response.finish_reason) + cut))
    facts.append(("Took", duration(response.ended_at - response.sent_at)))
    if response.attempts > 1:
        facts.append(("Asked", f"{response.attempts} times"))
    if side.requests > 1:
        facts.append(("Requests", f"{side.requests}, of which the first is shown"))
    if side.reused_from:
        facts.append(("Reused from", f"job {side.reused_from}"))
    return facts
