"""What a command or a trigger wants to be evaluated, out of the command's words and the repository's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from evals.code_sources import COMMIT
from evals.errors import InvalidSubmissionError
from evals.plan import load_suite
from evals.spec import Scalar, digest
from workers.github.commands import Command
from workers.github.repository_file import NAME, Evaluation, RepositoryFile

MOST_GPUS, MOST_ITEMS = 64, 1_000_000
BASELINES, DEVICES = ("hf", "stored", "merge-base"), ("cpu", "cuda")
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One evaluation of a head; see `workers.github.repository_file.Evaluation` for what the values mean."""

    suite: str
    model: str
    revision: str | None = None
    baseline: str = "hf"
    device: str = "cuda"
    gpus: int | None = None
    dtype: str | None = None
    limit: int | None = None
    margins: Mapping[str, float] = field(default_factory=dict)
    args: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return the hash that tells it from other evaluations of the same head."""
        values = vars(self) | {"margins": dict(self.margins), "args": dict(self.args)}
        return digest(values)


@dataclass(frozen=True, kw_only=True)
class Triggered:
    """An evaluation that nobody asked for with a command; why: "label NAME" or "path PATTERN"."""

    wanted: Wanted
    why: str


def head_named(command: Command) -> str | None:
    """Return the commit that a command names; a shorter one than 40 digits can be forged, and is refused."""
    head = command.values.get("head")
    if head is not None and not COMMIT.fullmatch(head.lower()):
        raise _refused("head", f"{head!r} is no whole commit", "give all 40 digits: what is shorter can be imitated")
    return head.lower() if head else None


def wanted_by(command: Command, file: RepositoryFile | None) -> tuple[Wanted, ...]:
    """Return what a `run` wants: the repository's evaluations of the suite, as far as its keys do not change them.

    A suite that the repository's settings do not name needs a model. Raises InvalidSubmissionError.
    """
    changes = _changes(command.values)
    known = tuple(of_file(one) for one in (file.for_suite(command.suite) if file else ()))
    if not known:
        known = (_from_words_alone(command, file),)
    return tuple({one.key: one for one in (replace(before, **changes) for before in known)}.values())


def triggered_by(file: RepositoryFile, *, labels: Sequence[str], paths: Sequence[str]) -> tuple[Triggered, ...]:
    """Return the evaluations that labels of a pull request, or paths that it touches, ask for."""
    found = []
    for one in file.evaluations:
        label = next((label for label in labels if label in one.when.labels), None)
        pattern = next(
            (pattern for pattern in one.when.paths if any(fnmatchcase(path, pattern) for path in paths)), None
        )
        if label is not None or pattern is not None:
            why = f"label {label}" if label is not None else f"path {pattern}"
            found.append(Triggered(wanted=of_file(one), why=why))
    return tuple(found)


def of_file(one: Evaluation) -> Wanted:
    """Return an evaluation of the repository's settings as it is wanted."""
    names = ("suite", "model", "revision", "baseline", "device", "gpus", "dtype", "limit", "margins", "args")
    return Wanted(**{name: getattr(one, name) for name in names})


def _from_words_alone(command: Command, file: RepositoryFile | None) -> Wanted:
    where = f"{NAME} on the base branch" if file else f"a {NAME} on the base branch, which is not there,"
    if command.suite is None:
        raise _refused("suite", "the command names no suite", f"name one, or name evaluations in {where}")
    load_suite(command.suite)
    if "model" not in command.values:
        raise _refused(
            "model", f"which model shall {command.suite} run on?", f"write model=OWNER/NAME, or name it in {where}"
        )
    return Wanted(suite=command.suite, model=command.values["model"])


def _changes(values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the keys of a command change, each in its own type."""
    texts = {name: values[name] for name in ("model", "revision", "dtype") if name in values}
    chosen = {"baseline": BASELINES, "device": DEVICES}
    for name, allowed in chosen.items():
        if name in values and values[name] not in allowed:
            raise _refused(name, f"there is no {name} {values[name]!r}", f"use one of {', '.join(allowed)}")
    named = {name: values[name] for name in chosen if name in values}
    numbers = {"gpus": (0, MOST_GPUS), "limit": (1, MOST_ITEMS)}
    counted = {name: _number(name, values[name], *numbers[name]) for name in numbers if name in values}
    return {**texts, **named, **counted}


def _number(name: str, text: str, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise _refused(name, f"{name} is {text!r}", f"give a whole number from {least} to {most:,}")
    return int(text)


def _refused(name: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=name)
