"""The section for the description of a pull request with a new model."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from evals.render.pr_description import AUTHOR, pr_description
from tests.unit.evals.parity_examples import another_model, same_model
from tests.unit.evals.report_examples import passed
from tests.unit.evals.serving_examples import empty, report_of_serving, serving_pass

GOLDEN = Path(__file__).parent / "golden" / "same-model.pr.md"
URL = "http://127.0.0.1:8000/runs/01JD3ZV8Q4"


def test_the_section_is_the_one_on_record() -> None:
    text = pr_description(same_model(), report_url=URL)
    if os.environ.get("PLUMBLINE_REFRESH_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_what_was_not_measured_is_said_and_never_made_up() -> None:
    text = pr_description(passed())
    assert "Parity: not measured." in text
    assert "TTFT and throughput: not measured." in text
    assert "Accuracy: not measured." in pr_description(replace(passed(), comparisons=()))


def test_ttft_and_throughput_stand_beside_the_baselines_with_load_and_command() -> None:
    text = pr_description(report_of_serving(serving_pass()))
    assert "TTFT and throughput: not measured" not in text
    section = text.split("### Performance")[1].split("###")[0]
    assert "| in flight | median TTFT in ms, SGLang | HF Transformers | ratio [98.75 %] |" in section
    assert "| 8 | 51.85 | 56.00 | ✅ 0.926 × [0.912, 0.940] | 583.2 | 540.0 | ✅ 1.080 × [1.064, 1.096] |" in section
    assert "- output tokens: 64, forced on both sides (ignore_eos)" in section
    assert "<pre>python -m evals serving --base-url URL --concurrency 8" in section


def test_a_serving_workload_without_a_ratio_says_why() -> None:
    section = pr_description(report_of_serving(empty())).split("### Performance")[1].split("###")[0]
    assert section.strip() == "⚠️ Inconclusive: serving: nothing was measured"


def test_only_what_the_author_knows_is_left_open() -> None:
    row = next(line for line in pr_description(same_model()).splitlines() if "acme/new-model`" in line)
    assert row.count(AUTHOR) == 2
    assert row.split(" | ")[1] == "`acme/new-model`"
    local = replace(same_model(), candidate=replace(same_model().candidate, model="/srv/models/new"))
    assert pr_description(local).count(AUTHOR) == 3
    assert "/srv/models" not in pr_description(local).split("### Row for")[1]


def test_a_model_that_was_shown_images_belongs_to_the_multimodal_table() -> None:
    assert "multimodal_language_models.md" in pr_description(same_model())
    assert "generative_models.md" in pr_description(another_model())
    assert "MMMU, which the guide requires of a model that takes images: not measured." in pr_description(same_model())
    assert "MMMU" not in pr_description(another_model())


def test_a_failure_names_its_reasons() -> None:
    text = pr_description(another_model())
    assert text.startswith("❌ **Failed:** parity fails: prefill")
    assert "- Greedy tokens against the reference: greedy tokens part in 1 prompt where it is no near tie" in text


def test_a_command_does_not_show_in_which_folder_python_stands() -> None:
    text = pr_description(same_model())
    assert "<pre>python -m sglang.launch_server --model-path acme/new-model</pre>" in text
