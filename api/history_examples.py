"""Examples of history for the OpenAPI document: a lineage with a night, a regression and a schedule."""

from __future__ import annotations

from typing import Any

from api.resources import EXAMPLE_RUN_ID, ROOT

_PARTS = {
    "model": "/models/demo-text",
    "workload": "serving@0123456789ab",
    "engine": "sglang",
    "hardware": "1 x NVIDIA H100 80GB HBM3",
}
_LINEAGE = {"key": " | ".join(_PARTS.values())} | _PARTS
_AT = "2026-01-31T02:40:00Z"
_SETUP = "9f0c2d7e41ab6358"
_METRIC = "ttft_p50,16 requests in flight"
_POINT = {
    "run": EXAMPLE_RUN_ID,
    "finished_at": _AT,
    "side": "candidate",
    "kind": "nightly",
    "value": 43.1,
    "low": 42.6,
    "high": 43.7,
    "n": 8,
    "source": "4f1d3c" + 34 * "0",
    "version": "0.5.23",
    "partial": None,
    "reused": False,
    "counted": True,
}
_EVENT = {
    "action": "open",
    "state": "open",
    "actor": "analysis",
    "reason": f"found at run {EXAMPLE_RUN_ID}",
    "commit": None,
    "at": _AT,
}
_CHANGE = {
    "id": "g0k3v9x2d1a7b4c5e",
    "state": "open",
    "worse": True,
    "lineage": _LINEAGE["key"],
    "metric": _METRIC,
    "setup": _SETUP,
    "unit": "ms",
    "before": 38.2,
    "after": 43.0,
    "n_before": 41,
    "n_after": 3,
    "size": 4.8,
    "low": 4.1,
    "high": 5.5,
    "last_run": "r0k3v9x2a1a7b4c5d",
    "last_code": "4f1d3b" + 34 * "0",
    "first_run": EXAMPLE_RUN_ID,
    "first_code": "4f1d3c" + 34 * "0",
    "first_at": _AT,
    "fix_commit": None,
    "fixed_at": None,
    "opened_at": _AT,
    "seen_at": _AT,
    "events": [],
}
_SERIES = {
    "metric": _METRIC,
    "setup": _SETUP,
    "unit": "ms",
    "direction": "lower",
    "noise": {"deviation": 0.012, "relative": True, "repeats": 24},
    "minimal_step": 0.05,
    "points": [_POINT],
    "levels": [{"first_at": _AT, "last_at": _AT, "mean": 43.1, "n": 1, "low": 42.1, "high": 44.1}],
    "changes": [_CHANGE],
}
_ACCEPTED = {
    "run": EXAMPLE_RUN_ID,
    "action": "promoted",
    "by": "rule",
    "actor": "main passed",
    "reason": "the run passed with the tag main",
    "at": _AT,
}
_SCHEDULE = {
    "name": "nightly-serving",
    "cron": "0 2 * * *",
    "enabled": True,
    "submission": {"model": "/models/demo-text", "candidate": {"engine": "sglang"}, "suite": "serving"},
    "created_by": "ann",
    "created_at": _AT,
    "next_due_at": "2026-02-01T02:00:00Z",
    "last_due_at": "2026-01-31T02:00:00Z",
    "last_run": EXAMPLE_RUN_ID,
    "last_error": None,
}


def history_examples() -> dict[str, Any]:
    """Return an example of the 200 answer for each path of history."""
    return {
        f"{ROOT}/lineages": {"items": [{"lineage": _LINEAGE, "runs": 44, "newest_at": _AT}]},
        f"{ROOT}/history": {"lineage": _LINEAGE, "series": [_SERIES], "baselines": [_ACCEPTED]},
        f"{ROOT}/regressions": {"items": [_CHANGE]},
        f"{ROOT}/regressions/{{change_id}}": _CHANGE | {"events": [_EVENT]},
        f"{ROOT}/schedules": {"items": [_SCHEDULE]},
        f"{ROOT}/schedules/{{name}}": _SCHEDULE,
    }
