"""Examples of answers for the OpenAPI document: one run, one sample and the demo suite."""

from __future__ import annotations

from typing import Any

from api.history_examples import history_examples
from api.resources import EXAMPLE_RUN_ID, ROOT
from db.codec import to_json
from evals.plan import load_suite

_RUN = f"{ROOT}/submissions/{EXAMPLE_RUN_ID}"
_ENGINE = {"kind": "hf", "args": {}, "dtype": "float32", "device": "cpu", "gpus": 0, "source": "installed"}
_CREATED, _ENDED = "2026-01-31T09:00:00Z", "2026-01-31T09:01:27Z"
_JOB = {
    "id": "j4m8q1z6t0c3f7h2w",
    "role": "candidate",
    "engine": "sglang",
    "state": "succeeded",
    "phase": None,
    "phase_started_at": None,
    "attempt": 1,
    "failures": 0,
    "progress": {"gsm8k": {"done": 300, "total": 300, "right": 255, "scored": 300}},
    "timings_s": {"preparing": 1.4, "launching": 36.5, "evaluating": 43.1},
    "facts": {"engine_version": "0.5.23"},
    "error": None,
    "worker": "plumbline@host-1",
    "created_at": _CREATED,
    "started_at": _CREATED,
    "finished_at": _ENDED,
    "log": f"{_RUN}/jobs/j4m8q1z6t0c3f7h2w/log",
}
_LINKS = {name: f"{_RUN}/{name}" for name in ("events", "report", "samples", "cancel", "retry")}
RUN: dict[str, Any] = {
    "id": EXAMPLE_RUN_ID,
    "state": "finished",
    "verdict": "pass",
    "headline": "Passed: gsm8k is within the margin of 5 pp: 0.0 pp [−1.3, +1.3]",
    "cancel_requested": False,
    "created_at": _CREATED,
    "started_at": _CREATED,
    "finished_at": _ENDED,
    "submission": {
        "model": {"path": "/models/demo-text", "revision": None},
        "candidate": _ENGINE | {"kind": "sglang"},
        "baseline": _ENGINE,
        "suite": "demo",
        "tags": ["nightly"],
    },
    "jobs": [_JOB],
    "links": {"self": _RUN, "page": f"http://127.0.0.1:8642/runs/{EXAMPLE_RUN_ID}"} | _LINKS,
}
_SIDE = {
    "value": 1.0,
    "parsed": True,
    "extracted": "21",
    "text": " Zoe is 3 + 3 = 6 years old.\nIn 15 years Zoe will be 6 + 15 = 21 years old.\n#### 21",
    "finish_reason": "stop",
    "prompt_tokens": 712,
    "completion_tokens": 48,
    "latency_ms": 1830.0,
}
SAMPLE: dict[str, Any] = {
    "workload": "gsm8k",
    "task": "gsm8k",
    "doc_id": 17,
    "metric": "exact_match,strict-match",
    "gold": "21",
    "prompt": "Question: Henry is 3 years old. Zoe is 3 years older. How old will Zoe be in 15 years?\nAnswer:",
    "flip": "lost",
    "candidate": _SIDE | {"value": 0.0, "extracted": "18", "text": " Zoe is 3 years old. 3 + 15 = 18.\n#### 18"},
    "baseline": _SIDE,
}
_LINEAGE = {
    "model": "/models/demo-text",
    "workload": "gsm8k@0123456789ab",
    "engine": "sglang",
    "hardware": "2 x Intel(R) Xeon(R) Processor, 24 GiB",
}
PROMOTION: dict[str, Any] = {
    "action": "promoted",
    "by": "rule",
    "actor": "main passed",
    "reason": f"run {EXAMPLE_RUN_ID} passed with the tag main",
    "at": _ENDED,
    "lineage": {"key": " | ".join(_LINEAGE.values())} | _LINEAGE,
    "run": EXAMPLE_RUN_ID,
    "workload": "gsm8k",
    "verdict": "pass",
    "partial": None,
    "metrics": {
        "exact_match,strict-match": {
            "value": 0.85,
            "n": 300,
            "low": 0.805,
            "high": 0.886,
            "unit": "share",
            "direction": "higher",
            "kind": "accuracy",
            "decides": True,
            "other": 0.85,
            "difference": 0.0,
        }
    },
    "source_commit": None,
    "fingerprint": {"engine": "sglang", "engine_version": "0.5.23", "sampling": {"max_tokens": "128"}},
    "fingerprint_sha256": "5f0c" * 16,
    "finished_at": _ENDED,
}


def answer_examples() -> dict[str, Any]:
    """Return an example of the 200 answer for each path that lists things."""
    following = f"{ROOT}/submissions?limit=1&cursor={EXAMPLE_RUN_ID}"
    return {
        f"{ROOT}/submissions": {"items": [RUN], "next": following},
        f"{ROOT}/submissions/{{run_id}}": RUN,
        f"{ROOT}/submissions/{{run_id}}/samples": {"items": [SAMPLE], "next": None},
        f"{ROOT}/baselines": {"items": [PROMOTION]},
        f"{ROOT}/baselines/history": {"items": [PROMOTION]},
        **history_examples(),
        f"{ROOT}/suites": {"items": [{"name": "demo", "workloads": to_json(load_suite("demo"))}]},
    }
