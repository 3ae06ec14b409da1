"""A submission's JSON body as commands that a person can paste into a shell; pure.

Every text is quoted for POSIX shells, and the token is a variable: no secret is ever written into a page.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from evals.argument_texts import argument_texts

_BREAK = " \\\n  "


def curl_command(url: str, body: Mapping[str, Any]) -> str:
    """Return the call of curl that submits a body. url: the service's address."""
    words = [
        f"curl --fail-with-body -X POST {shlex.quote(f'{url}/api/v1/submissions')}",
        '-H "Authorization: Bearer $PLUMBLINE_TOKEN"',
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(body))}",
    ]
    return _BREAK.join(words)


def plumbline_command(body: Mapping[str, Any]) -> str:
    """Return the call of `plumbline submit` that sends the same."""
    options = [f"--{name}" if value is None else f"--{name} {shlex.quote(value)}" for name, value in _options(body)]
    return _BREAK.join(["plumbline submit", *options])


Option = tuple[str, str | None]


def _options(body: Mapping[str, Any]) -> Iterator[Option]:
    yield "model", body["model"].get("path", "")
    if "revision" in body["model"]:
        yield "revision", body["model"]["revision"]
    candidate, baseline = body["candidate"], body.get("baseline", {"engine": "hf"})
    launched = baseline.get("backfill", baseline)
    yield "engine", candidate["engine"]
    yield from _side(candidate, "engine", "")
    yield from _baseline(baseline)
    yield from _side(launched, "baseline", "baseline-")
    for name in ("dtype", "device"):
        value = candidate.get(name, launched.get(name))
        if value is not None:
            yield name, value
    yield from _what(body)
    if "limit" in body:
        yield "limit", str(body["limit"])
    if body.get("early_stop"):
        yield "early-stop", None
    if body.get("use_cache") is False:
        yield "no-cache", None
    for tag in body.get("tags", ()):
        yield "tag", tag


def _side(side: Mapping[str, Any], prefix: str, remote: str) -> Iterator[Option]:
    for text in argument_texts(side.get("args", {})):
        yield f"{prefix}-arg", text
    names = {
        "gpus": "gpus",
        "source": f"{prefix}-source",
        "external_package": "external-package",
        "base_url": f"{prefix}-url",
        "served_model": f"{remote}served-model",
    }
    for field, option in names.items():
        if field in side:
            yield option, str(side[field])
    for capability in side.get("capabilities", ()):
        yield f"{remote}capability", capability


def _baseline(baseline: Mapping[str, Any]) -> Iterator[Option]:
    if "engine" in baseline:
        yield "baseline", baseline["engine"]
    elif "run" in baseline:
        yield "baseline", f"run:{baseline['run']}"
    elif "published" in baseline:
        known = baseline["published"]
        over = f"/{known['n']}" if "n" in known else ""
        source = f",{known['source']}" if "source" in known else ""
        yield "baseline", f"published:{known.get('value', '')}{over}{source}"
    else:
        yield "baseline", "stored"
        if "backfill" in baseline:
            yield "backfill", baseline["backfill"]["engine"]


def _what(body: Mapping[str, Any]) -> Iterator[Option]:
    if "suite" in body:
        yield "suite", body["suite"]
    for workload in body.get("workloads", ()):
        if workload.keys() == {"benchmark"}:
            yield "benchmark", workload["benchmark"]
        else:
            yield "workload", json.dumps(workload)
