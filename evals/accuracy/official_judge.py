"""The official scorers as judges: the strict score, and beside it what the official evaluator would expect."""

from __future__ import annotations

from evals.accuracy.judging import Judge, Judged
from evals.accuracy.official.scorers import Scorer, find_scorer
from evals.accuracy.templates import Item
from evals.result import Response

COMPANIONS = {"mmmu-pro@1": ("mmmu@1", "answer-line@1"), "mmmu@1": ("answer-line@1",)}
"""Other rules that can judge the same items; their scores show how far a score depends on the scorer."""


def official_judge(*scorers: str) -> Judge:
    """Return the judge that applies scorers, the first of which decides.

    Unparsed answers are wrong under "acc,SCORER" and worth the official evaluator's chance under
    "acc_official,SCORER".
    """
    rules = [find_scorer(name) for name in scorers]

    def judged(item: Item, response: Response) -> list[Judged]:
        return [verdict for scorer in rules for verdict in _both(scorer, item, response.text)]

    return judged


def _both(scorer: Scorer, item: Item, text: str) -> list[Judged]:
    verdict = scorer.judge(item, text)
    values = (("acc", float(verdict.correct)), ("acc_official", verdict.official))
    return [
        Judged(metric=f"{metric},{scorer.name}", value=value, extracted=verdict.parsed, how=str(verdict.how))
        for metric, value in values
    ]


def strict_and_official(scorer: str, item: Item, text: str) -> dict[str, float]:
    """Return an answer's two scores in lm-eval's form."""
    verdict = find_scorer(scorer).judge(item, text)
    return {"acc": float(verdict.correct), "acc_official": verdict.official}
