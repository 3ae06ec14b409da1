"""What commands and triggers want, out of their words and the repository's settings."""

from __future__ import annotations

import pytest

from evals.errors import InvalidSubmissionError
from workers.github.commands import Command, commands_in
from workers.github.repository_file import RepositoryFile, read_repository_file
from workers.github.wanted import Wanted, head_named, triggered_by, wanted_by

FILE = read_repository_file(
    b"""
version: 1
evaluations:
  - {suite: demo, model: org/small, limit: 50, args: {mem-fraction-static: 0.5}, when: {labels: [small]}}
  - {suite: demo, model: org/large, gpus: 8, when: {labels: [large], paths: ["python/models/*"]}}
  - {suite: gsm8k, model: org/small, baseline: stored, when: {labels: [small]}}
"""
)


def command(line: str) -> Command:
    (found,) = commands_in(f"/plumbline {line}")
    assert isinstance(found, Command)
    return found


def wanted(line: str, file: RepositoryFile | None = FILE) -> list[tuple[str, str]]:
    return [(one.suite, one.model) for one in wanted_by(command(line), file)]


def test_a_suite_chooses_among_the_evaluations() -> None:
    assert wanted("run gsm8k") == [("gsm8k", "org/small")]
    assert wanted("run demo") == [("demo", "org/small"), ("demo", "org/large")]
    assert len(wanted("run")) == 3


def test_keys_change_what_the_settings_say_and_nothing_else() -> None:
    small, large = wanted_by(command("run demo device=cpu limit=7 baseline=merge-base dtype=float32"), FILE)
    assert (small.device, small.limit, small.baseline, small.dtype) == ("cpu", 7, "merge-base", "float32")
    assert (small.args, large.gpus) == ({"mem-fraction-static": 0.5}, 8)


def test_what_has_become_the_same_is_wanted_once() -> None:
    file = read_repository_file(b"{version: 1, evaluations: [{suite: demo, model: a}, {suite: demo, model: b}]}")
    assert wanted("run demo model=org/x", file) == [("demo", "org/x")]


def test_a_key_tells_evaluations_apart() -> None:
    one = Wanted(suite="demo", model="m")
    assert one.key == Wanted(suite="demo", model="m", margins={}).key
    others = [Wanted(suite="demo", model="m", limit=1), Wanted(suite="demo", model="m", args={"a": 1})]
    assert len({one.key, *(other.key for other in others)}) == 3


@pytest.mark.parametrize("head", ["abc", "A" * 39, "g" * 40, "a" * 41, "refs/pull/1/head"])
def test_a_head_is_a_whole_commit(head: str) -> None:
    with pytest.raises(InvalidSubmissionError, match="no whole commit"):
        head_named(command(f"run demo head={head}"))
    assert head_named(command("run demo head=" + "AB" * 20)) == "ab" * 20
    assert head_named(command("run demo")) is None


def test_labels_and_paths_trigger_what_names_them() -> None:
    def found(labels: list[str], paths: list[str]) -> list[tuple[str, str]]:
        return [(one.wanted.model, one.why) for one in triggered_by(FILE, labels=labels, paths=paths)]

    assert found(["small"], []) == [("org/small", "label small")] * 2
    assert found([], ["docs/a.md", "python/models/new.py"]) == [("org/large", "path python/models/*")]
    assert found(["large"], ["python/models/new.py"]) == [("org/large", "label large")]
    assert found(["other"], ["Python/models/new.py"]) == []
    assert found([], []) == []
