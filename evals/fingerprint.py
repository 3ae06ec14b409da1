"""Fingerprints: what decides whether two measurements may be compared, part by part, and its hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from evals.duel.settings import NOT_OF_THE_LOAD
from evals.metrics import Kind
from evals.spec import digest

UNKNOWN = "unknown"

_SAME_QUESTIONS = ("weights", "benchmark", "dataset", "prompts", "sampling", "scorer", "items")

MUST_BE_EQUAL: Mapping[Kind, tuple[str, ...]] = {
    Kind.ACCURACY: _SAME_QUESTIONS,
    Kind.PARITY: _SAME_QUESTIONS,
    Kind.PERFORMANCE: (*_SAME_QUESTIONS, "load", "hardware", "driver", "client"),
}
"""The parts in which two measurements of a kind must agree; in the others they may differ, and it is told."""

_MAY_BE_UNSEEN = frozenset({"weights", "hardware", "driver", "client", "chat_template_sha256"})
"""What a remote engine, or a model that is not here, does not show: its lack is told and forbids nothing."""

_HASH = re.compile(r"[0-9a-f]{32,64}")
_SEVERAL = frozenset({"weights", "items", "skipped_items"})


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """Hold what was true of one side of a workload; None, and a key that is missing, mean unknown.

    model: as submitted, with its revision. weights: the hash over the model's files, or the hub's commit. source: the
    commit or checksum of the engine's own code, "installed" for a release. arguments: the engine's. load: what a
    serving workload asks for. hardware: its class, without the driver. client: the version of what asked.
    """

    model: str
    weights: str | None
    engine: str
    engine_version: str | None
    source: str | None
    dtype: str | None
    benchmark: str
    hardware: str | None
    driver: str | None
    client: str | None
    arguments: dict[str, str] = field(default_factory=dict)
    dataset: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    sampling: dict[str, str] = field(default_factory=dict)
    scorer: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    load: dict[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Return the hash over all parts, as 64 hex digits."""
        return digest(asdict(self))


@dataclass(frozen=True, kw_only=True)
class Fingerprints:
    """Hold a workload's two fingerprints against each other; baseline: None for a published value.

    differing: the differences that forbid a comparison. allowed: those that do not, and what is unknown of a side.
    """

    workload: str
    candidate: Fingerprint
    candidate_sha256: str
    baseline: Fingerprint | None = None
    baseline_sha256: str | None = None
    differing: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


def held_against(workload: str, kind: Kind, ours: Fingerprint, theirs: Fingerprint | None) -> Fingerprints:
    """Return a workload's fingerprints with all their differences."""
    if theirs is None:
        return Fingerprints(workload=workload, candidate=ours, candidate_sha256=ours.sha256)
    return Fingerprints(
        workload=workload,
        candidate=ours,
        candidate_sha256=ours.sha256,
        baseline=theirs,
        baseline_sha256=theirs.sha256,
        differing=differences(kind, ours, theirs),
        allowed=allowed_differences(kind, ours, theirs),
    )


def differences(kind: Kind, ours: Fingerprint, theirs: Fingerprint) -> tuple[str, ...]:
    """Name every difference that forbids comparing measurements of a kind; empty when there is none.

    A fact that one side alone recorded counts as different, because what is unknown cannot be called equal; only what
    some engines never show does not (then the model's name must be the same where its weights are not known).
    """
    parts = MUST_BE_EQUAL[kind]
    if ours.weights is None or theirs.weights is None:
        parts = ("model", *parts)
    return tuple(_words(*found) for found in _unequal(parts, ours, theirs) if not _is_free(*found))


def allowed_differences(kind: Kind, ours: Fingerprint, theirs: Fingerprint) -> tuple[str, ...]:
    """Name what differs without forbidding a comparison, and what is unknown of one side or both."""
    must = MUST_BE_EQUAL[kind]
    names = asdict(ours).keys() - {*must, "model"}
    free = [_words(*found) for found in _unequal(sorted(names), ours, theirs)]
    unseen = [_words(*found) for found in _unequal(must, ours, theirs) if _is_free(*found)]
    both = [f"{part}: unknown on both sides" for part in sorted(_MAY_BE_UNSEEN) if _is_unknown(part, ours, theirs)]
    return (*free, *unseen, *both)


def _is_unknown(part: str, ours: Fingerprint, theirs: Fingerprint) -> bool:
    return hasattr(ours, part) and getattr(ours, part) is None and getattr(theirs, part) is None


def _unequal(
    parts: tuple[str, ...] | list[str], ours: Fingerprint, theirs: Fingerprint
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (name, ours, theirs) of every fact in which the parts differ."""
    for part in parts:
        mine, other = _facts(part, ours), _facts(part, theirs)
        for name in sorted(mine.keys() | other.keys()):
            if mine.get(name) != other.get(name):
                yield name, mine.get(name), other.get(name)


def _facts(part: str, fingerprint: Fingerprint) -> Mapping[str, str | None]:
    value = getattr(fingerprint, part)
    if not isinstance(value, dict):
        return {part: value}
    return {f"--{name}": held for name, held in value.items()} if part == "arguments" else value


def _is_free(name: str, mine: str | None, other: str | None) -> bool:
    """Tell whether a difference forbids nothing: what one side does not show, and how long a duel may last."""
    return name in NOT_OF_THE_LOAD or (name in _MAY_BE_UNSEEN and (mine is None or other is None))


def _words(name: str, mine: str | None, other: str | None) -> str:
    unset = "not set" if name.startswith("--") else UNKNOWN
    ours, theirs = (unset if value is None else _short(value) for value in (mine, other))
    differ = "differ" if name in _SEVERAL else "differs"
    return f"{name} {differ}: {ours} for the candidate, {theirs} for the baseline"


def _short(value: str) -> str:
    if _HASH.fullmatch(value):
        return value[:12]
    return value if len(value) <= 80 else f"{value[:79]}…"
