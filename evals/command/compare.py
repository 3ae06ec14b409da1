"""`python -m evals compare --candidate A.jsonl --baseline B.jsonl --margin 0.02`: hold two files of scores together.

Each line has an `id` and a `score`; items are paired by id. --cluster names a field of the candidate's lines, such as
`subject`, whose values are groups of items that may be alike. Prints the comparison as JSON, judged as the service
judges it, and returns 0 for a pass, 1 for a fail and 2 for anything else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import orjson

from evals.command.score_files import ScoreLine, difference_of_groups, read_scores
from evals.compare import compare_workload
from evals.compare_early import Early, compare_early
from evals.errors import InvalidSubmissionError
from evals.metrics import Direction
from evals.outcome import Verdict
from evals.result import Comparison, Score
from evals.spec import Workload
from evals.statistics.ordering import stratified_order

METRIC = "score"
_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1}
_SHOWN = 20
_ANY_GROUPS = 2
"""Groups that a person names count, however few."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a comparison can be told."""
    parser.add_argument("--candidate", type=Path, required=True, help="JSON lines with id and score")
    parser.add_argument("--baseline", type=Path, required=True, help="the same of the other side")
    parser.add_argument("--margin", type=float, required=True, help="how much worse the candidate may be, as 0.02")
    parser.add_argument("--cluster", metavar="FIELD", help="the field of the lines that says which items are alike")
    parser.add_argument("--lower-is-better", action="store_true", help="of scores that are errors")
    parser.add_argument("--sequential", action="store_true", help="take no more items than the decision needs")
    parser.add_argument("--seed", type=int, default=1234, help="of the random order in which --sequential takes items")
    parser.add_argument(
        "--in-file-order",
        action="store_true",
        help="with --sequential: take them as the candidate's file has them; only where that order is itself random",
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare the two files and print the JSON."""
    _check(arguments)
    ours, theirs = (read_scores(path, arguments.cluster) for path in (arguments.candidate, arguments.baseline))
    if arguments.margin >= 1 and all(0 <= line.score <= 1 for line in (*ours, *theirs)):
        raise InvalidSubmissionError(
            f"every candidate keeps to a margin of {arguments.margin:g}, because the scores lie between 0 and 1",
            remedy="name a share: --margin 0.02 means 2 points",
        )
    comparison = _compared(arguments, ours, theirs)
    shown = {**as_json(comparison), **_missing(ours, theirs)}
    if arguments.sequential:
        shown["sequential"] = _sequential(arguments, comparison, len({line.id for line in ours}))
    sys.stdout.buffer.write(_printed(shown))
    return _STATUS.get(comparison.verdict or Verdict.ERROR, 2)


def _check(arguments: argparse.Namespace) -> None:
    if not (isfinite(arguments.margin) and arguments.margin >= 0):
        raise InvalidSubmissionError(f"a margin of {arguments.margin} is none", remedy="--margin 0.02")
    if arguments.sequential and arguments.cluster is not None:
        raise InvalidSubmissionError(
            "--sequential does not count that items of a cluster are alike, so that it would decide too soon",
            remedy="leave out --sequential, or --cluster",
        )


def _compared(arguments: argparse.Namespace, ours: Sequence[ScoreLine], theirs: Sequence[ScoreLine]) -> Comparison:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(line.id for line in (*ours, *theirs)))}
    groups = {line.id: line.group for line in (*theirs, *ours)}
    candidate, baseline = (
        [_score(line, groups[line.id], numbers[line.id]) for line in side] for side in (ours, theirs)
    )
    asked: dict[str, Any] = {
        "workload": Workload(name=METRIC, benchmark=METRIC, metric=METRIC, margin=arguments.margin),
        "candidate": candidate,
        "baseline": baseline,
        "differing_settings": difference_of_groups(ours, theirs, arguments.cluster),
        "directions": {METRIC: Direction.LOWER if arguments.lower_is_better else Direction.HIGHER},
        "fewest_groups": _ANY_GROUPS,
    }
    if not arguments.sequential:
        return compare_workload(**asked)[0]
    items = list(dict.fromkeys((score.task, score.doc_id) for score in candidate))
    if not arguments.in_file_order:
        items = [items[place] for place in stratified_order([task for task, _ in items], arguments.seed)]
    return compare_early(early=Early(order=items), **asked)[0]


def _score(line: ScoreLine, group: str, number: int) -> Score:
    return Score(
        task=group,
        doc_id=number,
        metric=METRIC,
        value=line.score,
        parsed=True,
        extracted=None,
        gold="",
        prompt_sha256="",
    )


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison in the words of the command: shares as shares, null where there is nothing."""
    candidate, baseline, pairs = comparison.candidate, comparison.baseline, comparison.pairs
    both = (comparison.low, comparison.high)
    return {
        "verdict": comparison.verdict,
        "n": candidate.n if candidate and comparison.difference is not None else None,
        "candidate": candidate.value if candidate else None,
        "baseline": baseline.value if baseline else None,
        "pairs": asdict(pairs) if pairs else None,
        "discordant": pairs.only_candidate + pairs.only_baseline if pairs else None,
        "difference": comparison.difference,
        "interval": both if None not in both else None,
        "p": comparison.mcnemar_p,
        "p_pass": comparison.p_pass,
        "p_fail": comparison.p_fail,
        "margin": comparison.margin,
        "detectable_drop": comparison.detectable_drop,
        "groups": comparison.groups,
        "reasons": comparison.reasons,
    }


def _printed(shown: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half surrogates, which ids may hold and orjson does not
        return json.dumps(shown, indent=2).encode() + b"\n"


def _missing(ours: Sequence[ScoreLine], theirs: Sequence[ScoreLine]) -> dict[str, Any]:
    """Return how many ids one side alone has, and the first of them."""
    own, other = dict.fromkeys(line.id for line in ours), dict.fromkeys(line.id for line in theirs)
    alone = {
        "only_in_candidate": [name for name in own if name not in other],
        "only_in_baseline": [name for name in other if name not in own],
    }
    return {name: len(ids) for name, ids in alone.items()} | {
        f"first_{name}": ids[:_SHOWN] for name, ids in alone.items()
    }


def _sequential(arguments: argparse.Namespace, comparison: Comparison, items: int) -> dict[str, Any]:
    drawn = f"random, in proportion to the groups, seed {arguments.seed}"
    return {
        "decided_after": comparison.decided_after,
        "items": items,
        "order": "the candidate's file" if arguments.in_file_order else drawn,
    }
