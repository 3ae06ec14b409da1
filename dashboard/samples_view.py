"""The table of a run's items as its page shows it, with its filters in the address; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from dashboard.links import with_query
from dashboard.prompt_view import prompt_view
from dashboard.sample_scores import SideCell, side_cell
from dashboard.texts import visible
from db.sample_pairs import SamplePair, SampleSide
from evals.formatting import answer_line, one_line

_QUESTION = 180


@dataclass(frozen=True, kw_only=True)
class SampleFilter:
    """What the address asks for; see db.sample_query.SampleQuery. after, before: cursors of the page."""

    workload: str
    metric: str
    flip: str = ""
    show: str = ""
    text: str = ""
    within: str = "answers"
    task: str = ""

    def as_query(self) -> dict[str, str]:
        """Return the address's part without what is left at its default; the page's form has the same names."""
        found = {"workload": self.workload, "metric": self.metric, "flip": self.flip, "show": self.show}
        found |= {
            "q": self.text,
            "in": self.within if self.text and self.within != "answers" else "",
            "task": self.task,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def narrows(self) -> bool:
        """Tell whether anything but workload and metric is chosen."""
        return bool(self.flip or self.show or self.text or self.task)


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """An item in one line."""

    item: str
    link: str
    flip: str
    question: str
    gold: str
    candidate: SideCell
    baseline: SideCell


@dataclass(frozen=True, kw_only=True)
class SamplesView:
    """A page of items. choices: what the filters offer, by name; earlier, later: addresses of the pages beside it."""

    path: str
    title: str
    wanted: SampleFilter
    rows: tuple[SampleRow, ...]
    names: tuple[str, str]
    workloads: tuple[str, ...]
    metrics: tuple[str, ...]
    tasks: tuple[str, ...]
    earlier: str | None
    later: str | None
    everything: str
    note: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)


def item_link(path: str, task: str, doc_id: int, query: Mapping[str, str]) -> str:
    """Return the address of an item's page; path: of the table."""
    return with_query(f"{path}/{quote(task, safe='/')}/{doc_id}", query)


def sample_row(pair: SamplePair, link: str, *, chat: bool) -> SampleRow:
    """Return an item in one line."""
    return SampleRow(
        item=visible(f"{pair.task}/{pair.doc_id}"),
        link=link,
        flip=pair.flip or "",
        question=question_line(pair.prompt, chat=chat),
        gold=one_line(answer_line(pair.gold), 80) if pair.gold else "–",
        candidate=_cell(pair.candidate),
        baseline=_cell(pair.baseline),
    )


def question_line(prompt: str | None, *, chat: bool) -> str:
    """Return what was asked, on one line: a text's last paragraph, a chat's last turn."""
    shown = prompt_view(prompt, chat=chat)
    if shown is None:
        return "the prompt was not stored"
    texts = [part.text or f"[{part.note or 'picture'}]" for turn in shown.turns[-1:] for part in turn.parts]
    return one_line(" ".join(texts) if texts else shown.question, _QUESTION)


def _cell(side: SampleSide) -> SideCell:
    return side_cell(side.value, one_line(side.extracted or "–", 80) if side.parsed else None)


def flip_words(names: tuple[str, str]) -> dict[str, str]:
    """Return what the filter on flips offers. names: of the sides, "Candidate (sglang)"."""
    ours, theirs = (name.partition(" (")[0].lower() for name in names)
    return {
        "any": "either way",
        "lost": f"lost: only the {theirs} is right",
        "gained": f"gained: only the {ours} is right",
        "none": "none: both right, or both wrong",
    }


def neighbours(
    pairs: Sequence[SamplePair], limit: int, *, after: bool, before: bool
) -> tuple[list[SamplePair], bool, bool]:
    """Return a page's items, and whether there are earlier and later ones; one item more than the limit was read."""
    more = len(pairs) > limit
    if before:
        return list(pairs[-limit:]), more, True
    return list(pairs[:limit]), after, more
