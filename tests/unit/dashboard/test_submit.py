"""The form of a submission: its body, its commands, and where an error stands."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest
from typer.main import get_command

from api.schemas import SubmissionRequest
from api.submission import to_submission
from cli.client import Client
from cli.main import app
from cli.submit import submission_body
from dashboard.submit_commands import curl_command, plumbline_command
from dashboard.submit_form import SubmitForm, UnreadableFieldError, form_from
from dashboard.submit_view import field_of, workload_line
from db.settings import Settings

HOSTILE = """it's "a" $(touch /tmp/x) `id` \\ ; & | > * ~ # ! é \u202eabc"""
FORMS = [
    SubmitForm(model="Qwen/Qwen3-0.6B", revision="main"),
    SubmitForm(
        model="org/model", engine_args="mem-fraction-static=0.5\ndisable-radix-cache\nattention-backend=triton",
        baseline_args="x=1", dtype="bfloat16", device="cuda", gpus="2", limit="1,000", early_stop="yes", no_cache="yes",
        tags="a, it's",
    ),
    SubmitForm(model="m", baseline="stored", backfill="sglang", baseline_args="schedule-policy=lpm", dtype="float32"),
    SubmitForm(model="m", baseline="stored"),
    SubmitForm(model="m", baseline="run", baseline_run="r0k3v9x2d1a7b4c5e"),
    SubmitForm(
        model="m", baseline="published", suite="gsm8k", published_value="0.847", published_n="1319",
        published_from="a card",
    ),
    SubmitForm(
        model="m", engine="remote", engine_url="http://h:1/v1", served_model=HOSTILE, capabilities="chat",
        dtype="float16",
    ),
    SubmitForm(
        model="m", baseline="remote", baseline_url="http://h:1", baseline_served_model="x y",
        baseline_capabilities="chat,images",
    ),
    SubmitForm(model="m", suite="", benchmarks="gsm8k\nmmlu", settings=""),
    SubmitForm(model="m", suite="", benchmarks="gsm8k", settings="few-shot=5\nthink_end='</think>'\ntemperature=0"),
    SubmitForm(model="m", suite="", benchmarks="parity", settings="tolerance=0.01"),
]  # fmt: skip


def words_in_a_shell(command: str) -> list[str]:
    """Return what a real shell makes of a command's words."""
    script = 'plumbline() { printf "%s\\0" "$@"; }; curl() { printf "%s\\0" "$@"; }\n' + command
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env={"PLUMBLINE_TOKEN": "T"}
    )
    return done.stdout.split("\0")[:-1]


def read_by_the_command_line(words: list[str]) -> dict[str, Any]:
    """Return the body that `plumbline submit` sends for these words."""
    command = get_command(app).commands["submit"]  # type: ignore[attr-defined]  # a group
    options = command.make_context("submit", words[1:]).params
    for name in ("check", "wait", "server", "as_json"):
        options.pop(name)
    return submission_body(Client("http://elsewhere.example", None), **options)


@pytest.mark.parametrize("form", FORMS)
def test_the_command_sends_what_the_form_sends_through_a_real_shell(form: SubmitForm) -> None:
    sent = read_by_the_command_line(words_in_a_shell(plumbline_command(form.body)))
    settings = Settings()
    meant, said = (to_submission(SubmissionRequest(**body), settings) for body in (form.body, sent))
    assert said == meant


@pytest.mark.parametrize("form", FORMS)
def test_curl_gets_the_very_body_and_the_token_from_a_variable(form: SubmitForm) -> None:
    command = curl_command("https://bench.example", form.body)
    words = words_in_a_shell(command)
    assert SubmissionRequest.model_validate_json(words[words.index("-d") + 1]) == SubmissionRequest(**form.body)
    assert "Authorization: Bearer T" in words
    assert "$PLUMBLINE_TOKEN" in command
    assert command.isascii()


def test_hostile_texts_stay_one_word() -> None:
    words = words_in_a_shell(plumbline_command({"model": {"path": HOSTILE}, "candidate": {"engine": HOSTILE}}))
    assert words[1:5] == ["--model", HOSTILE, "--engine", HOSTILE]


def test_what_was_left_empty_and_what_the_choices_exclude_is_left_out() -> None:
    form = form_from(
        {"model": " m ", "suite": "demo", "engine": "hf", "engine_url": "http://h", "benchmarks": "x", "a": "b"}
    )
    assert form.body == {
        "model": {"path": "m"}, "candidate": {"engine": "hf"}, "baseline": {"engine": "hf"}, "suite": "demo",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"limit": "ten"}, "limit"),
        ({"gpus": "1.5"}, "gpus"),
        ({"engine_args": "=1"}, "engine_args"),
        ({"baseline": "published", "published_value": "84 %"}, "published_value"),
        ({"suite": "", "settings": "few_shot=5"}, "settings"),
    ],
)
def test_a_text_that_cannot_be_read_names_its_field(changed: dict[str, str], field: str) -> None:
    with pytest.raises(UnreadableFieldError) as found:
        _ = replace(SubmitForm(model="m"), **changed).body
    assert found.value.field == field


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("/model/path", "model"),
        ("/candidate/args/port", "engine_args"),
        ("/candidate/dtype", "dtype"),
        ("/candidate/gpus", "gpus"),
        ("/candidate/external_package", "external_package"),
        ("/baseline/published/value", "published_value"),
        ("/baseline/backfill/engine", "backfill"),
        ("/workloads/0/benchmark", "benchmarks"),
        ("/tags/0", "tags"),
        ("/metric", "settings"),
        ("/few_shot", "settings"),
        ("/benchmark", "benchmarks"),
        ("/pull_request", ""),
    ],
)
def test_every_part_of_the_body_has_its_field(pointer: str, field: str) -> None:
    assert field_of(pointer) == field
    assert field == "" or field in SubmitForm.__dataclass_fields__


def test_a_planned_workload_says_what_it_could_see() -> None:
    workload = {
        "name": "gsm8k", "benchmark": "gsm8k", "metric": "exact_match,strict-match", "margin": 0.02, "limit": 100,
        "items": 100, "detectable": 0.113, "needed": 2000, "unknown": "",
    }  # fmt: skip
    line = workload_line(workload)
    assert line.items == "100 (the first 100 of each task)"
    assert (
        line.sees
        == "a drop from 11.3 pp on would fail; passing a margin of 2 pp takes 2,000 items when nothing is worse"
    )
    assert workload_line(workload | {"items": None, "unknown": "later"}).sees == "later"
