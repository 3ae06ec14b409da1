"""What `--baseline` may say: an engine, `stored`, `run:RUN`, or `published:VALUE/N`."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from cli.submission import Side
from evals.errors import InvalidSubmissionError

_PUBLISHED = re.compile(r"(?P<value>[\d.eE-]+)(?:/(?P<n>\d+)|\+-(?P<stderr>[\d.eE-]+))(?:,(?P<source>.+))?")


def baseline_body(side: Side, shared: dict[str, Any], backfill: str | None) -> dict[str, Any]:
    """Return the JSON form of a submission's baseline.

    side: what the options say of the baseline; its engine is the text of `--baseline`. backfill: the engine that is
    launched where nothing is stored, to which the side's options then belong. Raises InvalidSubmissionError.
    """
    kind, _, rest = side.engine.partition(":")
    if backfill is not None and side.engine != "stored":
        raise InvalidSubmissionError("--backfill needs --baseline stored", remedy="write both, or leave --backfill out")
    if kind not in ("stored", "run", "published"):
        return side.body(shared)
    if side.engine == "stored" and backfill is not None:
        return {"stored": True, "backfill": replace(side, engine=backfill).body(shared)}
    if any(getattr(side, field.name) for field in fields(side) if field.name not in ("engine", "arguments_option")):
        raise InvalidSubmissionError(
            f"--baseline {side.engine} launches no engine, and other options describe one",
            remedy="leave the options of the baseline out, or give --backfill",
        )
    if kind == "run":
        return {"run": rest}
    return {"stored": True} if kind == "stored" else {"published": _published(rest)}


def _published(text: str) -> dict[str, Any]:
    found = _PUBLISHED.fullmatch(text)
    try:
        numbers = {"value": float(found["value"])} if found else {}
        if found and found["stderr"]:
            numbers["stderr"] = float(found["stderr"])
    except ValueError:
        numbers = {}
    if found is None or not numbers:
        raise InvalidSubmissionError(
            f"--baseline published:{text} does not say a value and how sure it is",
            remedy="write published:0.847/1319 (its items) or published:0.847+-0.01 (its standard error)",
        )
    known = {"n": int(found["n"]) if found["n"] else None, "source": found["source"]}
    return numbers | {name: value for name, value in known.items() if value is not None}
