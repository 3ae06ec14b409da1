"""Reports for every verdict, built from scores the way a run builds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.compare import compare_workload
from evals.result import Comparison, Report, Score, SideSummary
from evals.spec import Workload
from evals.verdict import build_report

METRIC = "exact_match,strict-match"
WORKLOAD = Workload(name="gsm8k", benchmark="gsm8k", metric=METRIC, margin=0.03)
NASTY = [
    "@torvalds please look",
    "a|b\\|c",
    "`code` <b>bold</b> </details> <!-- x",
    "line one\nline two\r\n# heading",
    "zero\u200bwidth \u202ereversed",
    "![img](http://evil.example/x.png) www.evil.example #1 GH-2 :tada:",
    "",
]


def score(doc_id: int, value: float, **changes: object) -> Score:
    base = Score(
        task="gsm8k",
        doc_id=doc_id,
        metric=METRIC,
        value=value,
        parsed=True,
        extracted=str(doc_id + (value != 1)),
        gold=str(doc_id),
        prompt_sha256=f"{doc_id:064x}",
    )
    return replace(base, **changes)


def two_sides(
    both: int, only_candidate: int, only_baseline: int, neither: int, metric: str = METRIC
) -> tuple[list[Score], list[Score]]:
    """Return scores of both sides with these counts of outcomes."""
    outcomes = [(1, 1)] * both + [(1, 0)] * only_candidate + [(0, 1)] * only_baseline + [(0, 0)] * neither
    candidate = [score(doc_id, ours, metric=metric) for doc_id, (ours, _) in enumerate(outcomes)]
    baseline = [score(doc_id, theirs, metric=metric) for doc_id, (_, theirs) in enumerate(outcomes)]
    return candidate, baseline


def sides() -> tuple[SideSummary, SideSummary]:
    candidate = SideSummary(
        role="candidate",
        engine="sglang",
        model="demo-llm",
        state="succeeded",
        versions={"sglang": "0.5.23", "torch": "2.13.0"},
        hardware="2 CPU cores",
        settings={
            "args": {"mem-fraction-static": 0.5},
            "dtype": "float32",
            "gpus": 1,
            "submit_command": "plumbline submit --model demo-llm --suite smoke",
        },
        timings_s={"launch": 21.4, "evaluate": 1803.25},
    )
    baseline = SideSummary(
        role="baseline",
        engine="hf",
        model="demo-llm",
        state="succeeded",
        versions={"transformers": "5.19.0", "torch": "2.13.0"},
        settings={"dtype": "float32"},
        timings_s={"launch": 4.5},
    )
    return candidate, baseline


def report_of(
    candidate: Sequence[Score],
    baseline: Sequence[Score],
    *,
    workload: Workload = WORKLOAD,
    summaries: tuple[SideSummary, SideSummary] | None = None,
) -> Report:
    ours, theirs = summaries or sides()
    return build_report(
        run_id="01JD3ZV8Q4",
        suite="smoke",
        comparisons=compare_workload(workload=workload, candidate=candidate, baseline=baseline),
        candidate=ours,
        baseline=theirs,
        created_at="2026-11-23T18:00:00+00:00",
        plumbline_version="0.1.0",
    )


def passed() -> Report:
    strict, flexible = two_sides(400, 6, 7, 87), two_sides(410, 5, 5, 80, "exact_match,flexible-extract")
    candidate, baseline = ([*a, *b] for a, b in zip(strict, flexible, strict=True))
    candidate[499] = replace(candidate[499], parsed=False, extracted=None)
    return report_of(candidate, baseline)


def failed() -> Report:
    candidate, baseline = two_sides(300, 4, 56, 40)
    for offset, text in enumerate(NASTY):
        position = 304 + offset
        candidate[position] = replace(candidate[position], extracted=text)
    candidate[311] = replace(candidate[311], parsed=False, extracted=None)
    return report_of(candidate, baseline)


def inconclusive() -> Report:
    return report_of(*two_sides(38, 2, 3, 7))


def incomparable() -> Report:
    candidate, baseline = two_sides(80, 2, 3, 15)
    candidate[7] = replace(candidate[7], prompt_sha256="f" * 64)
    return report_of(candidate[:90], baseline)


def broken() -> Report:
    candidate, baseline = sides()
    error = {
        "code": "out_of_memory",
        "message": "CUDA out of memory on <host> | ask @admin",
        "remedy": "lower mem-fraction-static",
        "retryable": False,
        "details": {"exit_status": 1, "log": "line one\nRuntimeError: </pre></details> @here"},
    }
    ours, _ = two_sides(40, 0, 0, 10)
    return report_of(ours, [], summaries=(candidate, replace(baseline, state="failed", error=error)))


EXAMPLES = {
    "pass": passed,
    "fail": failed,
    "inconclusive": inconclusive,
    "incomparable": incomparable,
    "error": broken,
}


def decide(candidate: list[Score], baseline: list[Score], *, margin: float = 0.03) -> Comparison:
    return compare_workload(workload=replace(WORKLOAD, margin=margin), candidate=candidate, baseline=baseline)[0]


def in_groups(sides: tuple[list[Score], list[Score]], groups: int) -> tuple[list[Score], list[Score]]:
    """Deal the items of both sides out to tasks, in runs of neighbours, so that flips of a kind stay together."""
    size = -(-len(sides[0]) // groups)
    ours, theirs = ([replace(one, task=f"t{one.doc_id // size:02d}") for one in side] for side in sides)
    return ours, theirs
