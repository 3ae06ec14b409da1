"""The form of a submission, and the JSON body that it stands for; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from evals.argument_texts import engine_arguments
from evals.errors import InvalidSubmissionError
from evals.workload_kinds import has_items


class UnreadableFieldError(Exception):
    """A field's text cannot be read. field: its name in the form; str: what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class SubmitForm:
    """Hold the form's fields as they were typed; arguments and settings are lines of key=value.

    baseline: the kind of an engine that is launched, or one of stored, run and published. suite: "" for own benchmarks,
    a line each.
    """

    model: str = ""
    revision: str = ""
    engine: str = "sglang"
    engine_args: str = ""
    dtype: str = ""
    device: str = ""
    gpus: str = ""
    engine_source: str = ""
    external_package: str = ""
    engine_url: str = ""
    served_model: str = ""
    capabilities: str = ""
    baseline: str = "hf"
    baseline_args: str = ""
    baseline_source: str = ""
    baseline_url: str = ""
    baseline_served_model: str = ""
    baseline_capabilities: str = ""
    backfill: str = ""
    baseline_run: str = ""
    published_value: str = ""
    published_n: str = ""
    published_from: str = ""
    suite: str = "demo"
    benchmarks: str = ""
    settings: str = ""
    limit: str = ""
    early_stop: str = ""
    no_cache: str = ""
    tags: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON body; raise UnreadableFieldError. What was left empty is left out."""
        candidate = self._side("engine", self.engine, gpus=_whole("gpus", self.gpus))
        model = _given({"path": self.model.strip(), "revision": self.revision.strip()})
        what = {"suite": self.suite} if self.suite else {"workloads": self._workloads()}
        how = {
            "limit": _whole("limit", self.limit),
            "early_stop": True if self.early_stop else None,
            "use_cache": False if self.no_cache else None,
            "tags": _words(self.tags),
        }
        return _given({"model": model, "candidate": candidate, "baseline": self._baseline(), **what, **how})

    def _side(self, prefix: str, kind: str, *, gpus: int | None = None) -> dict[str, Any]:
        ours = prefix == "engine"
        texts = self.engine_args if ours else self.baseline_args
        side: dict[str, Any] = {"engine": kind, "args": _arguments(f"{prefix}_args", texts)}
        if kind == "remote":
            side |= {
                "base_url": (self.engine_url if ours else self.baseline_url).strip(),
                "served_model": (self.served_model if ours else self.baseline_served_model).strip(),
                "capabilities": _words(self.capabilities if ours else self.baseline_capabilities),
            }
            return _given(side)
        side |= {"dtype": self.dtype, "device": self.device, "gpus": gpus}
        side["source"] = (self.engine_source if ours else self.baseline_source).strip()
        if ours:
            side["external_package"] = self.external_package.strip()
        return _given(side)

    def _baseline(self) -> dict[str, Any]:
        if self.baseline == "run":
            return {"run": self.baseline_run.strip()}
        if self.baseline == "published":
            value = {
                "value": _number("published_value", self.published_value),
                "n": _whole("published_n", self.published_n),
                "source": self.published_from.strip(),
            }
            return {"published": _given(value)}
        if self.baseline == "stored":
            backfill = self._side("baseline", self.backfill) if self.backfill else None
            return _given({"stored": True, "backfill": backfill})
        return self._side("baseline", self.baseline)

    def _workloads(self) -> list[dict[str, Any]]:
        settings = {name.replace("-", "_"): value for name, value in _arguments("settings", self.settings).items()}
        names = [line.strip() for line in self.benchmarks.splitlines() if line.strip()]
        if settings and not names:
            raise UnreadableFieldError("settings", "settings belong to benchmarks of your own, and none is named")
        return [_workload(name, settings) for name in names]


def form_from(values: Mapping[str, str]) -> SubmitForm:
    """Return the form out of what a browser has sent; unknown names are left out."""
    known = {field.name for field in fields(SubmitForm)}
    return SubmitForm(**{name: value for name, value in values.items() if name in known})


def _workload(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    if has_items(name) or not settings:
        return {"benchmark": name, **settings}
    return {"benchmark": name, "options": settings}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _arguments(field: str, text: str) -> dict[str, Any]:
    try:
        return engine_arguments([line.strip() for line in text.splitlines() if line.strip()], "an argument")
    except InvalidSubmissionError as error:
        raise UnreadableFieldError(field, f"{error.message}; write one key=value on each line") from None


def _whole(field: str, text: str) -> int | None:
    try:
        return int(text.replace(",", "").strip()) if text.strip() else None
    except ValueError:
        raise UnreadableFieldError(field, f"{text.strip()[:40]!r} is no whole number") from None


def _number(field: str, text: str) -> float | None:
    try:
        return float(text.strip()) if text.strip() else None
    except ValueError:
        raise UnreadableFieldError(field, f"{text.strip()[:40]!r} is no number; write a share such as 0.847") from None
