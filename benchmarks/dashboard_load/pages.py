"""Which pages the readers ask for: addresses of each kind, found in the store."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

_DIFFERENT = 40
"""How many runs, lineages and items the readers choose from, so that no page is asked for over and over."""

_SEARCHES = ("q=C&flip=lost", "q=nowhere", "q=Question+13999&in=prompts", "q=nowhere&in=prompts")

Pages = dict[str, list[str]]


def pages(session: Session) -> Pages:
    """Return the addresses of every kind of page."""
    small, large = _with_samples(session, "gsm8k"), _with_samples(session, "mmlu")
    runs = [*small, *large]
    lineages = session.scalars(text("SELECT DISTINCT lineage FROM points LIMIT :most"), {"most": _DIFFERENT}).all()
    changes = session.scalars(text("SELECT id FROM level_changes LIMIT :most"), {"most": _DIFFERENT}).all()
    found = {
        "overview": ["/", "/?hardware=4x+NVIDIA+H200", "/?tag=nightly", "/?model=qwen", "/?runs=all", "/?source=0.5.1"],
        "runs": [
            "/runs",
            "/runs?verdict=fail",
            "/runs?model=gemma",
            "/runs?suite=mmlu",
            "/runs?tag=main",
            "/runs?tag=no",
        ],
        "runs, a later page": [f"/runs?before={run}" for run in runs],
        "run": [f"/runs/{run}" for run in small],
        "run of 14,042 items": [f"/runs/{run}" for run in large],
        "samples": [f"/runs/{run}/samples{query}" for run in small for query in ("", "?flip=any", "?show=unparsed")],
        "samples of 14,042": [f"/runs/{run}/samples{query}" for run in large for query in ("", "?flip=lost")],
        "search in 14,042": [f"/runs/{run}/samples?{search}" for run in large for search in _SEARCHES],
        "sample": [f"/runs/{run}/samples/gsm8k/{place * 7}?workload=gsm8k" for place, run in enumerate(small)],
        "compare": [f"/compare?left={one}&right={other}" for one, other in pairwise(small)],
        "history, all": ["/history", "/history?model=qwen"],
        "history": [f"/history/{quote(lineage, safe='')}" for lineage in lineages],
        "regressions": ["/regressions", "/regressions?state=open"],
        "regression": [f"/regressions/{change}" for change in changes],
        "baselines": ["/baselines"],
        "queue": ["/queue"],
        "hosts": ["/hosts"],
        "submit": ["/submit"],
    }
    return {name: addresses for name, addresses in found.items() if addresses}


def large_comparisons(session: Session) -> list[str]:
    """Return the addresses of comparisons of two runs of 14,042 items; no reader asks for them, so none is kept."""
    return [f"/compare?left={one}&right={other}" for one, other in pairwise(_with_samples(session, "mmlu"))]


def _with_samples(session: Session, workload: str) -> list[str]:
    """Return the newest runs that keep their samples of a workload."""
    query = """
        SELECT run_id FROM jobs JOIN results USING (run_id)
        WHERE results.workload = :workload AND jobs.role = 'candidate'
        AND EXISTS (SELECT FROM scores WHERE scores.job_id = jobs.id) ORDER BY run_id DESC LIMIT :most"""
    return list(session.scalars(text(query), {"workload": workload, "most": _DIFFERENT}))
