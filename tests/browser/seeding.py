"""What real engines do not produce on demand: months of nights with a change of level, an error, hostile answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from db.baselines import promote
from db.history import points_to_read
from db.level_changes import record_changes
from db.lineages import results_of
from db.series import series_of
from db.session import transaction
from evals.history.series import changes_in
from evals.spec import EngineSpec, ModelSpec, Submission
from tests.browser.hostile import HOSTILE_ERROR, HOSTILE_QUESTIONS, HOSTILE_TEXTS
from tests.browser.writing import GOLD, Side, Written, write

ITEMS = 120
_WORKLOADS = {"demo": ("gsm8k", "exact_match,strict-match"), "demo-mmlu": ("mmlu", "acc,none")}
_QUESTION = "A box holds 6 pens. How many pens do {0} boxes hold?"
_RIGHT, _WRONG = f"They hold 6 * 7 = 42 pens.\n#### {GOLD}", "They hold 6 * 7 = 41 pens.\n#### 41"
CHOICES = {True: (-2.3105, -0.4231, -3.0672, -3.9018), False: (-0.6127, -1.0549, -2.8811, -3.4402)}
"""The log-probabilities of A to D where B, which is right, is chosen, and where A is."""

APART = 0.0125
"""By how much the baseline's lie below the candidate's."""


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """What was written: a lineage's runs, oldest first, its regression, a run that chose between answers, one of
    hostile texts, and a broken one."""

    nights: tuple[str, ...]
    lineage: str
    regression: str
    choices: str
    hostile: str
    broken: str


def seed(model: str, hardware: str) -> Seeded:
    """Write everything into the database that the settings name, the oldest first; model, hardware: of the lineages
    with a history."""
    hostile, broken = _hostile(), _broken()
    planned = _nights(model, hardware, "demo", 60, before=0.88, after=0.76, since=44)
    planned += _nights(model, hardware, "demo-mmlu", 16, before=0.84, after=0.93, since=8)
    runs: dict[str, list[str]] = {suite: [] for suite in _WORKLOADS}
    for night in sorted(planned, key=_end):
        runs[night.submission.suite].append(write(night))
    nights, others = runs["demo"], runs["demo-mmlu"]
    with transaction() as session:
        for run_id in (nights[3], nights[30], others[12]):
            promote(session, run_id, actor="mia", reason="quiet since three nights")
        lineage = results_of(session, nights[-1])[0].lineage.key
        other = results_of(session, others[-1])[0].lineage.key
    (regression,) = _analyse(lineage)
    assert _analyse(other) == [], "a gain is no regression"
    return Seeded(
        nights=tuple(nights), lineage=lineage, regression=regression, choices=others[-1], hostile=hostile, broken=broken
    )


def _nights(
    model: str, hardware: str, suite: str, nights: int, *, before: float, after: float, since: int
) -> list[Written]:
    """Return a run a night; from the night `since` on the candidate is at its other level."""
    drawn, (workload, metric) = random.Random(suite), _WORKLOADS[suite]
    chooses = workload == "mmlu"
    begun = datetime.now(UTC).replace(hour=2, minute=41 if chooses else 9, second=0)
    runs = []
    for night in range(nights):
        sides = [_drawn(drawn, share) for share in (before if night < since else after, before)]
        kept = night >= nights - 2
        runs.append(
            Written(
                submission=_submission(model, suite, "nightly"),
                hardware=hardware,
                workload=workload,
                metric=metric,
                questions=[_question(item + 2, chooses) for item in range(ITEMS)],
                sides=(_side(sides[0], kept, chooses, 0.0), _side(sides[1], kept, chooses, APART)),
                commit=sha256(f"{suite} {night}".encode()).hexdigest()[:40],
                ended=begun - timedelta(days=nights - night),
                gold="B" if chooses else GOLD,
            )
        )
    return runs


def _end(run: Written) -> datetime:
    assert run.ended is not None
    return run.ended


def _question(boxes: int, chooses: bool) -> str:
    choices = zip("ABCD", (boxes, 6 * boxes, 6 + boxes, 7 * boxes), strict=True)
    offered = "".join(f"\n{letter}. {value}" for letter, value in choices) if chooses else ""
    return f"{_QUESTION.format(boxes)}{offered}\nAnswer:"


def _drawn(drawn: random.Random, share: float) -> list[bool]:
    """Return verdicts of which about this share is right, nearly the same items every night."""
    right = round((share + drawn.uniform(-0.015, 0.015)) * ITEMS)
    lucky = set(drawn.sample(range(right - 2, ITEMS), 2))
    return [item < right - 2 or item in lucky for item in range(ITEMS)]


def _side(verdicts: Sequence[bool], kept: bool, chooses: bool, apart: float) -> Side:
    if not kept:
        return Side(verdicts=verdicts, wrong="A" if chooses else "41")
    if chooses:
        chosen = [tuple(value - apart for value in CHOICES[right]) for right in verdicts]
        return Side(verdicts=verdicts, likelihoods=chosen, wrong="A")
    return Side(verdicts=verdicts, texts=[_RIGHT if right else _WRONG for right in verdicts])


def _submission(model: str, suite: str, *tags: str) -> Submission:
    return Submission(
        model=ModelSpec(path=model),
        candidate=EngineSpec(kind="sglang"),
        baseline=EngineSpec(kind="hf"),
        suite=suite,
        tags=tags,
    )


def _analyse(lineage: str) -> list[str]:
    """Look for changes of level as the service's own task does; return the regressions that were opened."""
    opened = []
    with transaction() as session:
        for series in series_of(points_to_read(session, lineage)):
            found = changes_in(series.points, relative=series.relative, direction=series.direction, noise=series.noise)
            opened += [change.id for change in record_changes(session, series, found)]
    return opened


def _hostile() -> str:
    """Write a run whose questions and answers try to harm whoever looks at them."""
    n = len(HOSTILE_TEXTS)
    ours = Side(verdicts=[False] * n, texts=HOSTILE_TEXTS, wrong=HOSTILE_TEXTS[0])
    return write(_odd(HOSTILE_QUESTIONS, (ours, Side(verdicts=[True] * n, texts=[_RIGHT] * n))))


def _broken() -> str:
    """Write a run whose candidate died, with an error that quotes what a model printed."""
    sides = Side(verdicts=[], error=HOSTILE_ERROR), Side(verdicts=[True])
    return write(_odd(["What is 6 * 7?"], sides))


def _odd(questions: Sequence[str], sides: tuple[Side, Side]) -> Written:
    workload, metric = _WORKLOADS["demo"]
    return Written(
        submission=_submission("/models/odd", "demo", "hostile"),
        hardware="8 x Intel Xeon, 64 GiB",
        workload=workload,
        metric=metric,
        questions=questions,
        sides=sides,
        commit="f" * 40,
        ended=datetime.now(UTC) - timedelta(days=100),
    )
