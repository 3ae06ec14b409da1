"""Prepared answers: for each workload some sets of both sides' answers, right or wrong, with their comparisons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.dashboard_load.plan import ITEMS, STEADY, WORSE, workload
from evals.compare import compare_workload
from evals.result import Comparison, Score

SIDES = ("candidate", "baseline")
_RIGHT, _DIFFERS, _LOST, _UNPARSED = 0.78, 0.015, 0.05, 0.01
_THOUGHT = (
    "Let me work through this step by step. First I note what is given and what is asked for, then I take the "
    "quantities one after the other and check each of them against the question before I add them up. "
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A workload's answers of one variant. scores: of each side, in the order of items."""

    workload: str
    variant: int
    scores: dict[str, list[Score]]
    comparison: Comparison


def prepared(seed: int) -> Iterator[Prepared]:
    """Yield every variant of every workload."""
    for place, name in enumerate(ITEMS):
        for variant in (*STEADY, *WORSE):
            chance = np.random.default_rng([seed, place, variant])
            scores = _scores(name, variant in WORSE, chance)
            (comparison,) = compare_workload(
                workload=workload(name), candidate=scores["candidate"], baseline=scores["baseline"]
            )
            yield Prepared(workload=name, variant=variant, scores=scores, comparison=comparison)


def prompt(name: str, item: int) -> str:
    """Return an item's prompt."""
    question = f"how many apples are left after {item % 97} of {item + 400} are eaten?"
    return f"{_THOUGHT}\nQuestion {item} of {name}: {question}\nAnswer:"


def prompt_sha(name: str, item: int) -> str:
    """Return the hash of an item's prompt."""
    return hashlib.sha256(prompt(name, item).encode()).hexdigest()


def answer(score: Score) -> str:
    """Return the text that an engine answered: a letter, or thoughts of some length and a number."""
    if len(score.gold) == 1:
        return f" {score.extracted or ''}"
    thoughts = (_THOUGHT * 2)[: 90 + score.doc_id * 37 % 260]
    return f"{thoughts} #### {score.extracted or ''}"


def _scores(name: str, worse: bool, chance: np.random.Generator) -> dict[str, list[Score]]:
    count = ITEMS[name]
    baseline = chance.random(count) < _RIGHT
    candidate = baseline ^ (chance.random(count) < _DIFFERS)
    if worse:
        candidate &= chance.random(count) >= _LOST
    return {side: [_score(name, item, bool(right)) for item, right in enumerate(rights)]
            for side, rights in zip(SIDES, (candidate, baseline), strict=True)}  # fmt: skip


def _score(name: str, item: int, right: bool) -> Score:
    letters = name in ("mmlu", "arc_challenge", "truthfulqa")
    gold = "ABCD"[item % 4] if letters else str(item + 400 - item % 97)
    wrong = "ABCD"[(item + 1) % 4] if letters else str(item % 89)
    parsed = right or item % 23 != 0
    return Score(
        task=f"mmlu_subject_{item % 57:02d}" if name == "mmlu" else name,
        doc_id=item // 57 if name == "mmlu" else item,
        metric=workload(name).metric,
        value=float(right),
        parsed=parsed,
        extracted=(gold if right else wrong) if parsed else None,
        gold=gold,
        prompt_sha256=prompt_sha(name, item),
    )
