"""Reports of runs with a serving workload, of results written by hand."""

from __future__ import annotations

from dataclasses import replace

from evals.duel.results import CANDIDATE, CrossCheck, Curve, ServingResult
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.result import Report
from tests.unit.evals.report_examples import passed
from tests.unit.evals.serving_values import GPU, HOSTILE, result


def serving_pass() -> ServingResult:
    """The candidate is faster on every level; another client agrees."""
    found = result(Verdict.PASS, "TTFT and throughput hold at 1, 8 and 32 in flight", faster=1.08)
    check = CrossCheck(
        client="sglang.benchmark.serving",
        level=8,
        command="python -m sglang.benchmark.serving --backend sglang --num-prompts 64 --max-concurrency 8",
        figures={
            "median TTFT, ms": (48.9, 51.8),
            "TTFT p99, ms": (150.0, 160.7),
            "requests/s": (8.9, 9.1),
            "output tokens/s": (None, 583.2),
        },
        differences=("its clock starts after the concurrency gate, ours at the scheduled time",),
    )
    return replace(found, cross_checks=(check,))


def serving_fail() -> ServingResult:
    """The candidate is a tenth slower, and some of its answers broke off."""
    found = result(Verdict.FAIL, "output throughput at 8 in flight is 0.900 × the baseline's, limit 0.95", faster=0.9)
    broken = tuple(
        replace(one, whole=61, faults={"stalled": 2, "connection": 1}, retried=4, shorter=5, output_tokens=3_904)
        if one.side == CANDIDATE and one.level == 8 and one.round == 2
        else one
        for one in found.passes
    )
    return replace(found, passes=broken, stopped="a deciding ratio failed at the first look, after 6 rounds")


def serving_inconclusive() -> ServingResult:
    """The rounds scatter too much at one level."""
    return replace(
        result(Verdict.INCONCLUSIVE, "24 rounds cannot decide serving", levels=(8,), spread=0.12),
        stopped="the last look, after 24 rounds",
    )


def client_limited() -> ServingResult:
    """The client could not do what the servers can, and a GPU was throttled and shared."""
    hot = replace(GPU, throttled=("thermal",), strangers=(4_711,))
    found = result(Verdict.INCONCLUSIVE, "the client was the limit at 32 in flight", gpus=(hot,))
    echoes = tuple(
        replace(echo, limited=True, requests_per_s=31.0, reasons=("31 requests/s, 28.9 needed",))
        if echo.level == 32
        else echo
        for echo in found.echoes
    )
    passes = tuple(
        replace(one, spoiled=("the client's event loop lagged by 41 ms",)) if one.round == 3 else one
        for one in found.passes
    )
    check = CrossCheck(client="the Rust client", level=8, command="sgl-bench", error="it is not installed")
    return replace(found, echoes=echoes, passes=passes, cross_checks=(check,))


def without_gpu() -> ServingResult:
    """CPUs only, one level, at a rate."""
    return result(Verdict.PASS, "TTFT and throughput hold at the given rate", levels=(0,), gpus=())


def twenty_levels() -> ServingResult:
    """A sweep over twenty levels."""
    return result(Verdict.PASS, "TTFT and throughput hold at all 20 levels", levels=tuple(range(1, 200, 10)))


def empty() -> ServingResult:
    """Nothing was measured: the candidate's engine died before its first whole pass."""
    return ServingResult(
        workload="serving",
        verdict=Verdict.INCONCLUSIVE,
        headline="nothing was measured",
        ratios=(),
        passes=(),
        stopped="",
    )


def unknown_values() -> ServingResult:
    """Every number that may be absent is, and some are no numbers."""
    nothing: dict[str, float | None] = dict.fromkeys(SERVING_METRICS)
    found = result(Verdict.INCONCLUSIVE, "nothing could be known", levels=(8,))
    return replace(
        found,
        ratios=tuple(
            replace(one, candidate=None, baseline=float("nan"), value=None, low=None, high=None, rounds=())
            for one in found.ratios
        ),
        passes=tuple(
            replace(one, values=nothing, input_tokens=None, output_tokens=None, cached_tokens=None)
            for one in found.passes
        ),
        curves=(Curve(name="ttft_ms", level=8, side=CANDIDATE, values=(float("nan"), 41.5)),),
        echoes=tuple(replace(one, ttft_p50_ms=None, ttft_p99_ms=None) for one in found.echoes),
    )


def hostile() -> ServingResult:
    """Every text says something that it should not."""
    found = result(Verdict.FAIL, HOSTILE, levels=(8,), faster=0.9, gpus=(replace(GPU, name=HOSTILE),))
    return replace(
        found,
        workload=HOSTILE[:64],
        notes=(HOSTILE,),
        stopped=HOSTILE,
        facts={HOSTILE: HOSTILE},
        reproduce=HOSTILE,
        ratios=tuple(replace(one, reasons=(HOSTILE,)) for one in found.ratios),
        passes=tuple(replace(one, faults={HOSTILE: 1}, spoiled=(HOSTILE,)) for one in found.passes),
        echoes=tuple(replace(one, reasons=(HOSTILE,)) for one in found.echoes),
        curves=(*found.curves, Curve(name=HOSTILE, level=8, side=CANDIDATE, values=(1.0, 2.0))),
        cross_checks=(
            CrossCheck(
                client=HOSTILE,
                level=8,
                command=HOSTILE,
                figures={HOSTILE: (1.0, 0.0)},
                differences=(HOSTILE,),
                error=HOSTILE,
            ),
        ),
    )


def report_of_serving(*results: ServingResult) -> Report:
    """Return a report with these results beside a benchmark that passed."""
    report = passed()
    worst = max(results, key=lambda one: list(Verdict).index(one.verdict))
    return replace(report, verdict=worst.verdict, headline=worst.headline, serving=results)


GOLDEN = ("serving-fail", "serving-client-limited")
"""The examples whose documents are on record as a whole."""

EXAMPLES = {
    "serving-pass": lambda: report_of_serving(serving_pass()),
    "serving-fail": lambda: report_of_serving(serving_fail()),
    "serving-inconclusive": lambda: report_of_serving(serving_inconclusive()),
    "serving-client-limited": lambda: report_of_serving(client_limited()),
    "serving-without-gpu": lambda: report_of_serving(without_gpu()),
    "serving-empty": lambda: report_of_serving(empty()),
    "serving-unknown": lambda: report_of_serving(unknown_values()),
    "serving-twenty": lambda: report_of_serving(twenty_levels()),
    "serving-hostile": lambda: report_of_serving(hostile()),
}
