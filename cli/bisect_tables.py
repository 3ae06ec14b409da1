"""What a bisect has found, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.bisect_steps import Step
from cli.commits import Commit
from cli.table import STYLES, new_table
from cli.text import cell, visible
from evals.bisect import Search, contradiction, next_place, suspects
from evals.formatting import plural

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Hold what is left of a line: one suspect is the first bad commit.

    bad_step, good_step: the runs of the first bad commit and of the one before it; None where an end was taken as
    good or bad without a run. why: what kept the search from naming one commit.
    """

    suspects: tuple[Commit, ...]
    before: Commit
    bad_step: Step | None
    good_step: Step | None
    why: str | None

    @property
    def first_bad(self) -> Commit | None:
        """Return the first bad commit, if it is known."""
        return self.suspects[0] if self.why is None else None

    def as_json(self, steps: Sequence[Step]) -> dict[str, Any]:
        """Return the JSON form, with every step."""
        first = self.first_bad
        return {
            "first_bad": asdict(first) if first else None,
            "suspects": [asdict(commit) for commit in self.suspects],
            "why": self.why,
            "steps": [asdict(step) for step in steps],
        }


def conclusion(search: Search, line: Sequence[Commit], steps: Sequence[Step]) -> Conclusion:
    """Return what a search that has ended, or was ended, has found."""
    low, high = suspects(search)
    by_place = {step.place: step for step in steps}
    why = contradiction(search)
    if why is None and next_place(search) is not None:
        why = "no further runs are permitted"
    elif why is None and low < high:
        why = "the other commits gave neither pass nor fail"
    return Conclusion(
        suspects=tuple(line[low : high + 1]),
        before=line[low - 1],
        bad_step=by_place.get(high),
        good_step=by_place.get(low - 1),
        why=why,
    )


def print_steps(console: Console, steps: Sequence[Step]) -> None:
    """Print a row for each run, in the order of the runs."""
    columns = ("commit", "date", "verdict", "run", "subject")
    table = new_table(f"\n{plural(len(steps), 'run')}", "step", *columns, numbers=False)
    for number, step in enumerate(steps, 1):
        commit, verdict = step.commit, Text(step.verdict, style=STYLES[step.verdict])
        table.add_row(str(number), commit.sha[:12], commit.date, verdict, step.run_id, cell(commit.subject))
    console.print(table)


def print_conclusion(console: Console, found: Conclusion) -> None:
    """Print the first bad commit with its run and the one before it, or what is left to suspect and why."""
    for text in _sentences(found):
        console.print(visible(text), markup=False, soft_wrap=True)


def _sentences(found: Conclusion) -> list[str]:
    first = found.first_bad
    if first is None:
        listed = [_one(commit) for commit in found.suspects[:SHOWN]]
        more = len(found.suspects) - SHOWN
        rest = [f"  ... and {more:,} more"] if more > 0 else []
        return [f"The first bad commit is not known: {found.why}. It is one of these:", *listed, *rest]
    bad = "taken as bad without a run" if found.bad_step is None else f"{found.bad_step.headline}"
    good = "taken as good without a run" if found.good_step is None else f"{found.good_step.headline}"
    return [
        f"The first bad commit is {first.sha}",
        f"  {first.subject}",
        f"  {first.author}, {first.date}",
        f"  {bad}{_page(found.bad_step)}",
        f"The commit before it is {found.before.sha}",
        f"  {good}{_page(found.good_step)}",
    ]


def _one(commit: Commit) -> str:
    return f"  {commit.sha[:12]} {commit.date} {commit.subject} ({commit.author})"


def _page(step: Step | None) -> str:
    return "" if step is None else f": {step.page}"
