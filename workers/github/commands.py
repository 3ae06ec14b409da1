"""Read the commands out of a comment: `/plumbline run new-model model=org/name`, and what was wrong with others."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from db.github_deliveries import PREFIX
from evals.near import nearest

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "run": "run [SUITE] [key=value ...]",
        "cancel": "cancel",
        "status": "status",
        "rerun": "rerun failed",
        "promote": "promote [reason=TEXT]",
        "help": "help",
    }
)
"""Each verb and how it is written."""

RUN_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "model": "the model, a hub name or a folder that the operator allows",
        "revision": "the model's commit on the hub",
        "head": "the commit that may run, for pull requests from forks",
        "baseline": "hf, stored or merge-base",
        "device": "cpu or cuda",
        "gpus": "how many",
        "dtype": "as the engines name it",
        "limit": "the first items of each dataset",
    }
)
"""What `run` can be told, in words."""

MOST_READ = 65_536
"""Characters of a comment that are read; GitHub allows as many, and a longer text comes from elsewhere."""

MOST_COMMANDS, MOST_WORD = 3, 200

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Command:
    """Hold one command. suite: of `run`, None where the repository's settings name it. values: its keys."""

    verb: str
    suite: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Misread:
    """Hold a line that was meant as a command and is none: what is wrong, and the nearest valid command."""

    line: str
    problem: str
    nearest: str


def commands_in(comment: str) -> list[Command | Misread]:
    """Return the commands of a comment in order; quotes and code blocks hold none.

    Of more than three, the rest is one Misread, so that a long comment starts no flood.
    """
    lines = list(_command_lines(comment[:MOST_READ]))
    found = [_read(line) for line in lines[:MOST_COMMANDS]]
    if len(lines) > MOST_COMMANDS:
        problem = f"a comment may hold {MOST_COMMANDS} commands, and this one holds {len(lines)}"
        found.append(Misread(line=_shown(lines[MOST_COMMANDS]), problem=problem, nearest=f"{PREFIX} help"))
    return found


def _command_lines(text: str) -> Iterator[str]:
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence and re.match(rf" {{0,3}}{PREFIX}(\s|$)", line):
            yield line.strip()


def _read(line: str) -> Command | Misread:
    try:
        words = shlex.split(line)[1:]
    except ValueError:
        return _misread(line, "a quotation mark has no partner", f"{PREFIX} help")
    if not words:
        return Command(verb="help")
    verb, rest = words[0].lower(), words[1:]
    if verb not in VERBS:
        hint = nearest(verb, VERBS).removeprefix("did you mean '").removesuffix("'? ")
        return _misread(line, f"there is no command {_shown(verb)!r}", f"{PREFIX} {VERBS[hint or 'help']}")
    if verb == "run":
        return _run(line, rest)
    if verb == "promote":
        return _keyed(line, verb, rest, {"reason": "why"})
    wanted = ["failed"] if verb == "rerun" else []
    if [word.lower() for word in rest] != wanted:
        return _misread(line, f"{verb} is written otherwise", f"{PREFIX} {VERBS[verb]}")
    return Command(verb=verb)


def _run(line: str, words: list[str]) -> Command | Misread:
    suite = words[0] if words and "=" not in words[0] else None
    if suite is not None and (not _NAME.fullmatch(suite) or len(suite) > MOST_WORD):
        return _misread(line, f"{_shown(suite)!r} is no suite's name", f"{PREFIX} {VERBS['run']}")
    found = _keyed(line, "run", words[1:] if suite else words, RUN_KEYS)
    return found if isinstance(found, Misread) else Command(verb="run", suite=suite, values=found.values)


def _keyed(line: str, verb: str, words: list[str], keys: Mapping[str, str]) -> Command | Misread:
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value:
            return _misread(line, f"{_shown(word)!r} is no key=value", f"{PREFIX} {VERBS[verb]}")
        if key not in keys:
            hint = f"{nearest(key, keys)}{verb} knows {', '.join(keys)}"
            return _misread(line, f"there is no key {_shown(key)!r}; {hint}", f"{PREFIX} {VERBS[verb]}")
        if key in values:
            return _misread(line, f"{key} is given twice", f"{PREFIX} {VERBS[verb]}")
        if len(value) > MOST_WORD:
            return _misread(line, f"the value of {key} has more than {MOST_WORD} characters", f"{PREFIX} {VERBS[verb]}")
        values[key] = value
    return Command(verb=verb, values=values)


def _misread(line: str, problem: str, hint: str) -> Misread:
    return Misread(line=_shown(line), problem=problem, nearest=hint)


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
