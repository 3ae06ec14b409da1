"""Which differences between two sides forbid a comparison, and which are told and forbid nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from db.codec import from_json, to_json
from evals.fingerprint import Fingerprint, allowed_differences, differences, held_against
from evals.fingerprinting import fingerprint_of, lineage_of, workload_key
from evals.metrics import Kind
from evals.plan import load_suite
from evals.result import Report
from evals.spec import Api, EngineSpec, ModelSpec

MODEL, ENGINE = ModelSpec(path="/models/m"), EngineSpec(kind="sglang")
WORKLOAD = load_suite("demo")[0]
FACTS: dict[str, Any] = {
    "model_files": "a" * 64,
    "versions": {"sglang": "0.5.23", "torch": "2.13"},
    "dtype": "float32",
    "hardware": "2 x H200, driver 570",
    "hardware_class": "2 x H200",
    "driver": "570",
    "client_version": "plumbline 0.1.0",
}
FOUND = {
    "harness": "lm-eval 0.4.13", "task_version": "3.0", "few_shot": "5", "generation": "g", "items": "300",
    "dataset": "gsm8k", "items_sha256": "i", "worked_examples_sha256": "e", "prompts_sha256": "p",
    "max_tokens": "128", "temperature": "0", "stop": "['Question:']", "concurrency": "8",
}  # fmt: skip


def side(engine: EngineSpec = ENGINE, *, facts: dict[str, Any] | None = None, **found: str) -> Fingerprint:
    return fingerprint_of(MODEL, engine, WORKLOAD, FACTS | (facts or {}), FOUND | found)


def without(*names: str) -> Fingerprint:
    return fingerprint_of(MODEL, ENGINE, WORKLOAD, {k: v for k, v in FACTS.items() if k not in names}, FOUND)


def test_equal_sides_differ_in_nothing_and_have_one_hash() -> None:
    assert differences(Kind.ACCURACY, side(), side()) == allowed_differences(Kind.ACCURACY, side(), side()) == ()
    assert side().sha256 == side().sha256
    assert len({side().sha256, side(max_tokens="64").sha256, side(facts={"driver": "575"}).sha256}) == 3


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (side(max_tokens="64"), "max_tokens differs: 128 for the candidate, 64 for the baseline"),
        (side(temperature="0.7"), "temperature differs: 0 for the candidate, 0.7 for the baseline"),
        (side(stop="[]"), "stop differs: ['Question:'] for the candidate, [] for the baseline"),
        (side(items="30"), "items differ: 300 for the candidate, 30 for the baseline"),
        (side(prompts_sha256="q"), "prompts_sha256 differs: p for the candidate, q for the baseline"),
        (side(items_sha256="j"), "items_sha256 differs: i for the candidate, j for the baseline"),
        (side(harness="lm-eval 1"), "harness differs: lm-eval 0.4.13 for the candidate, lm-eval 1 for the baseline"),
        (side(task_version="4"), "task_version differs: 3.0 for the candidate, 4 for the baseline"),
        (side(nemo_skills="1"), "nemo_skills differs: unknown for the candidate, 1 for the baseline"),
        (side(facts={"model_files": "v"}), f"weights differ: {'a' * 12} for the candidate, v for the baseline"),
        (replace(side(), benchmark="mmlu"), "benchmark differs: gsm8k for the candidate, mmlu for the baseline"),
    ],
)  # fmt: skip
def test_what_changes_the_question_or_the_judge_forbids_comparing_accuracy(other: Fingerprint, said: str) -> None:
    assert differences(Kind.ACCURACY, side(), other) == (said,)


def test_every_difference_is_named() -> None:
    other = side(max_tokens="64", temperature="1", prompts_sha256="q")
    assert [said.split()[0] for said in differences(Kind.ACCURACY, side(), other)] == [
        "prompts_sha256", "max_tokens", "temperature",
    ]  # fmt: skip


OTHERS = [
    (side(facts={"hardware_class": "1 x H100"}), "hardware differs: 2 x H200"),
    (side(facts={"driver": "575"}), "driver differs: 570"),
    (side(facts={"client_version": "plumbline 9"}), "client differs: plumbline 0.1.0"),
]


@pytest.mark.parametrize(("other", "said"), OTHERS)
def test_performance_is_not_compared_across_hosts_and_accuracy_is(other: Fingerprint, said: str) -> None:
    assert differences(Kind.ACCURACY, side(), other) == ()
    assert [found.startswith(said) for found in allowed_differences(Kind.ACCURACY, side(), other)] == [True]
    assert [found.startswith(said) for found in differences(Kind.PERFORMANCE, side(), other)] == [True]


def test_the_load_forbids_comparing_performance() -> None:
    serving = load_suite("demo-serving")[0]
    loads = [replace(serving, options={**serving.options, "requests": count}) for count in (10, 20)]
    ours, theirs = (fingerprint_of(MODEL, ENGINE, load, FACTS, {}) for load in loads)
    assert differences(Kind.PERFORMANCE, ours, theirs) == (
        "requests differs: 10 for the candidate, 20 for the baseline",
    )


def test_how_long_a_duel_may_last_is_told_and_forbids_nothing() -> None:
    serving = load_suite("demo-serving")[0]
    longer = {"min_rounds": 8, "max_rounds": 40, "max_warmups": 9, "launch_spread": 0.05, "cross_check": True}
    loads = [serving, replace(serving, options={**serving.options, **longer})]
    ours, theirs = (fingerprint_of(MODEL, ENGINE, load, FACTS, {}) for load in loads)
    assert differences(Kind.PERFORMANCE, ours, theirs) == ()
    told = allowed_differences(Kind.PERFORMANCE, ours, theirs)
    assert {said.split()[0] for said in told} == longer.keys()


def test_engines_versions_sources_arguments_and_dtypes_may_differ_and_are_told() -> None:
    hf = EngineSpec(kind="hf", args={"attn-implementation": "eager", "log-level": "info"})
    other = side(hf, facts={"versions": {"transformers": "5.19"}, "dtype": "bfloat16", "source_commit": "c"})
    assert differences(Kind.ACCURACY, side(), other) == ()
    assert allowed_differences(Kind.ACCURACY, side(), other) == (
        "--attn-implementation differs: not set for the candidate, eager for the baseline",
        "dtype differs: float32 for the candidate, bfloat16 for the baseline",
        "engine differs: sglang for the candidate, hf for the baseline",
        "engine_version differs: 0.5.23 for the candidate, 5.19 for the baseline",
        "source differs: installed for the candidate, c for the baseline",
    )


def test_weights_that_nobody_sees_are_told_and_the_models_name_must_be_the_same() -> None:
    unseen = without("model_files")
    assert differences(Kind.ACCURACY, side(), unseen) == ()
    assert allowed_differences(Kind.ACCURACY, side(), unseen) == (
        f"weights differ: {'a' * 12} for the candidate, unknown for the baseline",
    )
    assert "weights: unknown on both sides" in allowed_differences(Kind.ACCURACY, unseen, unseen)
    other = fingerprint_of(ModelSpec(path="/models/m", revision="v2"), ENGINE, WORKLOAD, {}, FOUND)
    assert "model differs: /models/m for the candidate, /models/m@v2 for the baseline" in (
        differences(Kind.ACCURACY, unseen, other)
    )


def test_a_remote_engine_has_no_hardware_and_no_source() -> None:
    remote = side(EngineSpec(kind="remote", base_url="http://h:1"))
    assert (remote.hardware, remote.source) == (None, None)


def test_the_chat_template_counts_where_chats_are_asked() -> None:
    chat = replace(WORKLOAD, api=Api.CHAT)
    ours, theirs = (
        fingerprint_of(MODEL, ENGINE, chat, FACTS | {"chat_template_sha256": sha}, FOUND) for sha in ("a", "b")
    )
    assert differences(Kind.ACCURACY, ours, theirs) == (
        "chat_template_sha256 differs: a for the candidate, b for the baseline",
    )
    assert differences(Kind.ACCURACY, side(facts={"chat_template_sha256": "a"}), side()) == ()


def test_a_lineage_parts_models_settings_engines_and_hardware() -> None:
    lineage = lineage_of(ModelSpec(path="org/m", revision="v1"), WORKLOAD, "sglang", None)
    assert (lineage.model, lineage.hardware) == ("org/m@v1", "unknown")
    assert lineage.workload == workload_key(WORKLOAD) == f"gsm8k@{WORKLOAD.fingerprint()[:12]}"
    assert workload_key(replace(WORKLOAD, limit=30)) != workload_key(WORKLOAD)
    assert workload_key(replace(WORKLOAD, margin=0.5)) == workload_key(WORKLOAD)


def test_a_report_keeps_its_fingerprints_and_an_older_one_has_none() -> None:
    sides = {name: {"role": name, "engine": "e", "model": "m", "state": "s"} for name in ("candidate", "baseline")}
    older = {
        "run_id": "r_1", "suite": "demo", "verdict": "pass", "headline": "h", "comparisons": [], **sides,
        "created_at": "2026-01-31", "plumbline_version": "0",
    }  # fmt: skip
    report = from_json(Report, older)
    assert (report.fingerprints, report.baseline.origin) == ((), None)
    held = held_against("gsm8k", Kind.ACCURACY, side(), side(max_tokens="64"))
    assert from_json(Report, to_json(replace(report, fingerprints=(held,)))).fingerprints == (held,)
    assert held.candidate_sha256 == side().sha256
    assert len(held.differing) == 1
