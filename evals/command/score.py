"""`python -m evals score BENCHMARK --responses FILE.jsonl`: judge stored answers without an engine.

Each line of the file has an `id` and a `response`; without --data also what the item is judged by: `answer`, and for
multiple choice `options` (or `choices`), for MMMU `question_type`. Ids are those of the dataset; GSM8K's are row
numbers, MMLU's "subject/number". Prints one JSON line for each answer and a last one with the totals.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.accuracy.judging import Judged
from evals.accuracy.official.responses import text_of
from evals.accuracy.thinking import answer_in
from evals.command.items import Line, ScoredBenchmark, read_lines
from evals.result import Response, SampleKey
from evals.transport.bodies import encoded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what scoring can be told."""
    parser.add_argument("benchmark", metavar="BENCHMARK", help="gsm8k, mmlu, mmmu, mmmu_pro or mmmu_pro_SETTING_MODE")
    parser.add_argument("--responses", type=Path, required=True, help="JSON lines with id and response")
    parser.add_argument("--data", type=Path, help="folder with the benchmark's items; else the lines have their own")
    parser.add_argument("--scorer", help="another scorer's name and version, such as mmmu@1")
    parser.add_argument("--think-end", help="judge only what follows this mark, such as </think>")


def run(arguments: argparse.Namespace) -> int:
    """Judge every line, then print the judgements and the totals."""
    benchmark = ScoredBenchmark.named(arguments.benchmark, scorer=arguments.scorer, data=arguments.data)
    lines = read_lines(arguments.responses)
    judged = [benchmark.judge(line.id, line.fields, _response(line, arguments.think_end)) for line in lines]
    out = sys.stdout.buffer
    for line, verdicts in zip(lines, judged, strict=True):
        out.write(encoded({"id": line.id, **shown(verdicts)}) + b"\n")
    out.write(encoded({"benchmark": benchmark.name, "scorer": benchmark.scorer, **totals(judged)}) + b"\n")
    return 0


def _response(line: Line, think_end: str | None) -> Response:
    whole = Response(
        key=SampleKey(task="score", doc_id=line.number),
        prompt_sha256="",
        text=text_of(line.fields.get("response")),
        finish_reason=line.fields.get("finish_reason"),
        prompt_tokens=None,
        completion_tokens=None,
        sent_at=0.0,
        ended_at=0.0,
    )
    return Response(**(vars(whole) | {"text": answer_in(whole, think_end)}))


def shown(verdicts: Sequence[Judged]) -> dict[str, Any]:
    """Return one answer's judgement: the deciding metric's in full, what the others say beside it."""
    first, *others = verdicts
    line: dict[str, Any] = {
        "parsed": first.extracted,
        "how": first.how or ("unparsed" if first.extracted is None else first.metric.partition(",")[2]),
        "correct": first.value == 1.0,
    }
    for other in others:
        name, _, filter_ = other.metric.partition(",")
        if filter_ != first.metric.partition(",")[2]:
            way = filter_.partition("-")[0]
            line |= {f"{way}_parsed": other.extracted, f"{way}_correct": other.value == 1.0}
        else:
            line[name.removeprefix("acc_")] = other.value
    return line


def totals(judged: Sequence[Sequence[Judged]]) -> dict[str, Any]:
    """Return the counts and scores over all answers; there is no score of no answers."""
    n = len(judged)
    scores: dict[str, float] = {}
    for verdicts in judged:
        for verdict in verdicts:
            scores[verdict.metric] = scores.get(verdict.metric, 0.0) + verdict.value
    lines: list[Mapping[str, Any]] = [shown(verdicts) for verdicts in judged]
    return {
        "total": n,
        "correct": sum(line["correct"] for line in lines),
        "unparsed": sum(line["parsed"] is None for line in lines),
        "accuracy": sum(line["correct"] for line in lines) / n if n else None,
        "scores": {metric: value / n for metric, value in scores.items()},
        "how": dict(sorted(Counter(str(line["how"]) for line in lines).items())),
    }
