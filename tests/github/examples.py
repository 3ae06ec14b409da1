"""What a pull request's comment can be about: one or several runs, in every state."""

from __future__ import annotations

from dataclasses import replace

from evals.explain import divergence
from evals.render.pull_request.steps import lost_flips
from evals.render.pull_request.views import Cost, JobProgress, PullView, RunView
from evals.result import Report
from tests.unit.evals.parity_examples import EXAMPLES as PARITY
from tests.unit.evals.report_examples import broken, failed, incomparable, inconclusive, passed

HEAD = "4f1c2d7e9a0b3c5d6e8f4f1c2d7e9a0b3c5d6e8f"
MARKER = "<!-- plumbline:comment:pull-request -->"
URL = "https://plumbline.example.org/runs/"
NASTY = (
    "@everyone | </details></table> <img src=x onerror=alert(1)> [x](http://evil.example) fixes #1 GH-2 "
    "https://evil.example/a www.evil.example a5c3785ed8d6a35868bc169f07e40e889087fd2e <!-- plumbline:comment:x --> `"
)


def run(report: Report | None, **changes: object) -> RunView:
    """Return a finished run with this report, or a running one without."""
    one = RunView(
        run_id="r0k3v9x2d1a7b4c5f",
        suite="smoke",
        model="demo-llm",
        state="finished" if report else "running",
        report=report,
        url=f"{URL}r0k3v9x2d1a7b4c5f",
        asked_by="maintainer",
        why="comment",
        cost=Cost(gpu_minutes=30.4) if report else Cost(gpu_minutes=None),
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def pull(*runs: RunView, **changes: object) -> PullView:
    """Return what a comment about these runs is made of."""
    view = PullView(runs=runs, head_sha=HEAD, current_sha=HEAD, head_url=f"https://github.com/o/r/commit/{HEAD}")
    return replace(view, **changes)  # type: ignore[arg-type]


def job(role: str, engine: str, done: int, **changes: object) -> JobProgress:
    one = JobProgress(
        role=role, engine=engine, state="running", phase="evaluating", done=done, total=1319, noun="answers", right=0.81
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def fail() -> PullView:
    report = failed()
    comparison, flip = next(lost_flips(report))
    parted = divergence("Half of 12 is 6, so she has 7.", "Half of 12 is 6, so she has 9 of them.")
    assert parted is not None
    return pull(run(report, partings={(comparison.workload, flip.task, flip.doc_id): parted}))


def running() -> PullView:
    jobs = (job("candidate", "sglang", 412), job("baseline", "hf", 0, phase="launching", total=None, right=None))
    return pull(run(None, jobs=jobs))


def partial() -> PullView:
    report = replace(passed(), run_id="r0k3v9x2d1a7b4c5f")
    return pull(run(report, partial="only the first 20 items of each task were asked"))


def several() -> PullView:
    parity = replace(PARITY["another-model"](), run_id="r2")
    runs = (
        run(passed(), run_id="r3", url=f"{URL}r3"),
        run(parity, run_id="r2", suite="new-model", url=f"{URL}r2", cost=Cost(gpu_minutes=None)),
        run(None, run_id="r1", model="other-llm", state="queued", url=f"{URL}r1"),
        run(broken(), run_id="r0", url=f"{URL}r0"),
    )
    return pull(*runs, current_sha="0" * 40)


def cancelled() -> PullView:
    return pull(run(broken(), is_cancelled=True))


EXAMPLES = {
    "pass": lambda: pull(run(passed())),
    "fail": fail,
    "inconclusive": lambda: pull(run(inconclusive())),
    "incomparable": lambda: pull(run(incomparable())),
    "error": lambda: pull(run(broken())),
    "partial": partial,
    "running": running,
    "queued": lambda: pull(run(None, state="queued")),
    "cancelled": cancelled,
    "several": several,
    "parity": lambda: pull(run(PARITY["another-model"]())),
}
