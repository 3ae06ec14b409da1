"""From a wanted evaluation to a submission, and who may want one."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.github_backoff import delay_s
from db.settings import Settings
from evals.baseline import BaselineKind
from evals.errors import InvalidSubmissionError, PlumblineError, PolicyError
from workers.github.building import Code, submission_for
from workers.github.permissions import Person, is_listed
from workers.github.wanted import Wanted

HEAD, BASE = "a" * 40, "b" * 40
CODE = Code(repository="org/engine", number=3, head=HEAD, base=BASE, comment_id=9)
SETTINGS = Settings(code_repositories="https://github.com/org/engine", github_model_roots="/models:/more")
CPU = Wanted(suite="demo", model="org/small", device="cpu")


def test_the_head_is_held_against_transformers() -> None:
    made = submission_for(CPU, CODE, SETTINGS)
    assert made.candidate.source == f"git:https://github.com/org/engine@{HEAD}"
    assert (made.baseline.kind, made.baseline.source, made.baseline_from) == ("hf", "installed", None)


@pytest.mark.parametrize(("baseline", "kind"), [("merge-base", BaselineKind.BACKFILL), ("stored", BaselineKind.STORED)])
def test_the_merge_base_is_the_same_engine_at_another_commit(baseline: str, kind: BaselineKind) -> None:
    wanted = Wanted(suite="demo", model="m", device="cpu", baseline=baseline, args={"mem-fraction-static": 0.5})
    made = submission_for(wanted, CODE, SETTINGS)
    assert made.baseline.source == f"git:https://github.com/org/engine@{BASE}"
    assert made.baseline.args == {"mem-fraction-static": 0.5}
    assert made.baseline_from is not None
    assert made.baseline_from.kind is kind


def test_several_gpus_run_tensor_parallel_unless_the_arguments_say_otherwise() -> None:
    made = submission_for(Wanted(suite="demo", model="m", gpus=4), CODE, SETTINGS)
    assert (made.candidate.args, made.candidate.gpus, made.baseline.args) == ({"tp-size": 4}, 4, {})
    other = submission_for(Wanted(suite="demo", model="m", gpus=4, args={"dp-size": 4}), CODE, SETTINGS)
    assert other.candidate.args == {"dp-size": 4}
    assert submission_for(Wanted(suite="demo", model="m"), CODE, SETTINGS).candidate.gpus == 1


def test_margins_replace_those_of_the_suite() -> None:
    made = submission_for(Wanted(suite="demo", model="m", device="cpu", margins={"gsm8k": 0.1}), CODE, SETTINGS)
    assert ([workload.margin for workload in made.workloads], made.suite) == ([0.1], "demo")
    with pytest.raises(InvalidSubmissionError, match="no workload of demo"):
        submission_for(Wanted(suite="demo", model="m", margins={"mmlu": 0.1}), CODE, SETTINGS)


@pytest.mark.parametrize("model", ["models", "org/small", "/models/a", "/more/b/c"])
def test_a_model_is_a_name_on_the_hub_or_below_the_operators_folders(model: str) -> None:
    assert submission_for(Wanted(suite="demo", model=model, device="cpu"), CODE, SETTINGS).model.path == model


@pytest.mark.parametrize("model", ["/etc", "/modelsx/a", "/models/../etc", "../a", "a/b/c", "-a/b", "a b", "a/..", ""])
def test_no_other_model_is_taken(model: str) -> None:
    with pytest.raises(PolicyError, match="no name on the hub"):
        submission_for(Wanted(suite="demo", model=model, device="cpu"), CODE, SETTINGS)


def test_a_link_does_not_lead_out_of_the_operators_folders(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "way").symlink_to("/etc")
    opened = Settings(code_repositories="https://github.com/org", github_model_roots=str(tmp_path / "open"))
    with pytest.raises(PolicyError):
        submission_for(Wanted(suite="demo", model=f"{tmp_path}/open/way", device="cpu"), CODE, opened)
    assert submission_for(Wanted(suite="demo", model=f"{tmp_path}/open/there", device="cpu"), CODE, opened)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(suite="demo", model="m", device="cpu", args={"trust-remote-code": True}),
        Wanted(suite="demo", model="m", device="cpu", args={"model-path": "/etc"}),
        Wanted(suite="demo", model="m", device="cpu", args={"host": "0.0.0.0"}),
        Wanted(suite="demo", model="m", device="cpu", gpus=1),
        Wanted(suite="demo", model="m", gpus=0),
        Wanted(suite="demo", model="m", device="cpu", dtype="evil"),
        Wanted(suite="demo", model="m", device="cpu", revision="-x"),
        Wanted(suite="../x", model="m", device="cpu"),
        Wanted(suite="parity", model="m", device="cpu", limit=3),
    ],
)
def test_the_rules_of_the_api_hold(wanted: Wanted) -> None:
    with pytest.raises(PlumblineError):
        submission_for(wanted, CODE, SETTINGS)


def test_code_comes_from_permitted_repositories_alone() -> None:
    with pytest.raises(PolicyError, match="no repository from which"):
        submission_for(CPU, CODE, Settings(code_repositories="https://github.com/other"))


@pytest.mark.parametrize(
    ("permission", "asks", "maintains"),
    [
        ("none", False, False), ("read", False, False), ("triage", False, False), ("write", True, False),
        ("maintain", True, True), ("admin", True, True), ("owner", False, False), ("", False, False),
    ],
)  # fmt: skip
def test_permissions_are_ordered_and_unknown_ones_are_none(permission: str, asks: bool, maintains: bool) -> None:
    person = Person(login="x", permission=permission)
    assert (person.may_ask(SETTINGS), person.is_maintainer(SETTINGS)) == (asks, maintains)


def test_a_list_lets_somebody_ask_and_makes_no_maintainer() -> None:
    listed = Settings(github_users="Ann @bob")
    assert Person(login="ann", permission="none").may_ask(listed)
    assert Person(login="BOB", permission="none").may_ask(listed)
    assert not Person(login="ann", permission="none").is_maintainer(listed)
    assert Person(login="eve", permission="none", named=True).may_ask(listed)
    assert not is_listed("an", ["ann"])


def test_waits_grow_up_to_ten_minutes() -> None:
    assert [delay_s(tries) for tries in (0, 1, 2, 6, 7, 1000)] == [5, 10, 20, 320, 600, 600]
