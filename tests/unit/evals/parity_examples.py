"""Reports of runs with a parity workload, of findings written by hand."""

from __future__ import annotations

from dataclasses import replace

from evals.outcome import Verdict
from evals.parity.findings import Divergence, ParityCheck, ParityResult, Spread, TokenDifference, WorstPosition
from evals.parity.judging.comparisons import comparisons_of
from evals.result import Report
from evals.verdict import build_report
from tests.unit.evals.report_examples import passed, sides

NASTY = "<|im_end|> | ``` @torvalds\n"


def spread(name: str, error: float, floor: float | None, verdict: Verdict | None, *, group: str = "all") -> Spread:
    ratio = None if floor is None else error / floor
    interval = (None, None) if ratio is None or group != "all" else (0.8 * ratio, 1.25 * ratio)
    limit = None if verdict is None else 3.0 if floor is not None else 1e-4
    return Spread(
        name=name,
        group=group,
        error=error,
        floor=floor,
        ratio=ratio,
        low=interval[0],
        high=interval[1],
        limit=limit,
        verdict=verdict,
        n=12_345 if group == "all" else 400,
        prompts=76 if group == "all" else 5,
    )


def worst(candidate: float | None) -> WorstPosition:
    return WorstPosition(
        prompt="chat/with-system",
        mode="alone",
        position=1_204,
        of=2_049,
        token=NASTY,
        before="the end of it",
        candidate=candidate,
        reference=-1.5,
        floor=0.02,
    )


def parted(margin: float, *, benign: bool) -> Divergence:
    return Divergence(
        prompt="classic/france",
        position=7,
        candidate_token=" Paris",
        reference_token=NASTY,
        common_text=" is",
        margin=margin,
        at_least=not benign,
        allowed=0.09,
        benign=benign,
    )


TOKENS = ParityCheck(
    name="tokens", title="Tokenizer and chat template", verdict=Verdict.PASS, value=1.0, unit="share", n=49, limit=1.0
)
PREFILL = ParityCheck(
    name="prefill",
    title="Prefill log-probabilities against the reference",
    verdict=Verdict.PASS,
    value=0.033,
    unit="nats",
    n=12_345,
    floor=0.03,
    limit=0.09,
    statistic="p99",
    spreads=(
        spread("p50", 0.005, 0.0052, Verdict.PASS),
        spread("p99", 0.033, 0.03, Verdict.PASS),
        *(spread(name, 0.006, 0.005, Verdict.PASS, group="image") for name in ("p50", "p90", "max")),
        *(spread(name, 0.004, 0.005, Verdict.PASS, group="chat") for name in ("p50", "p90", "max")),
        spread("KL p99", 4.1e-5, 4e-5, None),
    ),
    worst=(worst(-1.45),),
    notes=("both put the same token first at 99.6 % of the positions (noise floor: 99.5 %)",),
)
DECODE = ParityCheck(
    name="decode",
    title="Greedy tokens against the reference",
    verdict=Verdict.PASS,
    value=75 / 76,
    unit="share",
    n=76,
    floor=74 / 76,
    what="prompt",
    divergences=(parted(0.02, benign=True),),
    notes=("greedy tokens are equal in 75 of 76 prompts (2,400 tokens); 1 part at near ties, which is benign",),
)
SAME = ParityResult(
    workload="parity",
    verdict=Verdict.PASS,
    headline="same model: the error at p99 is 1.1 × [0.88, 1.4] the noise floor over 12,345 positions, limit 3 ×",
    calibration="The tolerance is calibrated.",
    checks=(TOKENS, PREFILL, DECODE),
    coverage=("76 prompts, 12,345 positions, the longest prompt has 2,049 tokens",),
    left_out=("length/longest: longer than the context of 2,048 tokens",),
)
OTHER = replace(
    SAME,
    verdict=Verdict.FAIL,
    headline="parity fails: prefill: p50: 1.3 nats, limit 1e-4 nats; also tokens, decode",
    calibration="A fixed tolerance of 1e-4 nats was used.",
    checks=(
        replace(
            TOKENS,
            verdict=Verdict.FAIL,
            value=48 / 49,
            token_differences=(
                TokenDifference(
                    prompt="chat/with-system",
                    form="chat",
                    candidate_count=45,
                    reference_count=46,
                    diff=("--- baseline", "+++ candidate", "@@ -1,2 +1,1 @@", " 1 '<|im_start|>'", "-9 '</pre>\\n'"),
                ),
            ),
            reasons=("chat/with-system as chat: 45 tokens from the candidate, 46 from the baseline",),
        ),
        replace(
            PREFILL,
            verdict=Verdict.FAIL,
            value=1.3,
            floor=None,
            limit=1e-4,
            statistic="p50",
            spreads=(spread("p50", 1.3, None, Verdict.FAIL), spread("mean", 1.4, None, None)),
            worst=(worst(None), replace(worst(-9.25), floor=None)),
            reasons=("p50: 1.3 nats, limit 1e-4 nats",),
        ),
        replace(
            DECODE,
            verdict=Verdict.FAIL,
            value=0.5,
            floor=None,
            divergences=(parted(0.02, benign=True), parted(3.25, benign=False)),
            reasons=("greedy tokens part in 1 prompt where it is no near tie",),
        ),
    ),
)


def same_model() -> Report:
    """A calibrated pass beside a benchmark that passed."""
    return _report(SAME)


def another_model() -> Report:
    """A failure by a fixed tolerance."""
    return _report(OTHER)


def _report(result: ParityResult) -> Report:
    candidate, baseline = sides()
    told = {"command": "/srv/plumbline/engines/sglang/bin/python -m sglang.launch_server --model-path acme/new-model"}
    return build_report(
        run_id="01JD3ZV8Q4",
        suite="new-model",
        comparisons=(*comparisons_of(result), *passed().comparisons),
        candidate=replace(candidate, model="acme/new-model", settings={**candidate.settings, **told}),
        baseline=replace(baseline, model="acme/new-model"),
        created_at="2026-11-25T18:00:00+00:00",
        plumbline_version="0.1.0",
        parity=(result,),
    )


EXAMPLES = {"same-model": same_model, "another-model": another_model}
