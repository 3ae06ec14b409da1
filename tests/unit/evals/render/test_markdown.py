"""Whole rendered documents; refresh them with PLUMBLINE_REFRESH_GOLDEN=1 and read the diff before committing it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from evals.render.markdown import render_markdown
from tests.unit.evals.parity_examples import EXAMPLES as PARITY_EXAMPLES
from tests.unit.evals.report_examples import EXAMPLES, failed, passed
from tests.unit.evals.serving_examples import EXAMPLES as SERVING_EXAMPLES
from tests.unit.evals.serving_examples import GOLDEN as SERVING_GOLDEN

GOLDEN = Path(__file__).parent / "golden"
URL = "http://127.0.0.1:8000/runs/01JD3ZV8Q4"


ALL_EXAMPLES = {**EXAMPLES, **PARITY_EXAMPLES, **{name: SERVING_EXAMPLES[name] for name in SERVING_GOLDEN}}


@pytest.mark.parametrize("name", sorted(ALL_EXAMPLES))
def test_the_document_is_the_one_on_record(name: str) -> None:
    text = render_markdown(ALL_EXAMPLES[name](), report_url=URL)
    path = GOLDEN / f"{name}.md"
    if os.environ.get("PLUMBLINE_REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_verdict_and_its_headline_are_the_first_line() -> None:
    first = render_markdown(passed()).splitlines()[0]
    assert first == "✅ **Passed:** gsm8k is within the margin of 3 pp: −0.2 pp [−1.8, +1.4]"


def test_the_hidden_marker_closes_every_document() -> None:
    report = replace(passed(), run_id="01J-->x")
    assert render_markdown(report).splitlines()[-1] == "<!-- plumbline:run:01J--x -->"


def test_only_the_first_twenty_flips_are_shown_and_the_rest_is_counted() -> None:
    text = render_markdown(failed(), report_url=URL)
    assert f"…and 40 more in the [full report](<{URL}>)." in text
    assert text.count("<code>gsm8k/") == 20


def test_missing_data_is_never_a_number() -> None:
    report = passed()
    unmeasured = replace(
        report.comparisons[0], candidate=None, pairs=None, difference=None, low=None, high=None, flips=()
    )
    text = render_markdown(replace(report, comparisons=(unmeasured,)))
    row = next(line for line in text.splitlines() if line.startswith("| gsm8k |"))
    assert [cell.strip() for cell in row.split("|")][2:5] == ["not measured", "81.4 %", "not measured"]


@pytest.mark.parametrize("url", [URL, None])
def test_a_document_too_long_for_a_comment_ends_in_a_link(url: str | None) -> None:
    report = passed()
    many = tuple(
        replace(comparison, workload=f"@w{number:03}_" + "|<*" * 30)
        for number in range(300)
        for comparison in report.comparisons
    )
    text = render_markdown(replace(report, comparisons=many), report_url=url)
    assert len(text) <= 60_000
    assert "The rest does not fit into a comment." in text
    assert (URL in text) if url else ("plumbline report 01JD3ZV8Q4" in text)
    assert "…and 250 more" in text
    assert text.endswith("<!-- plumbline:run:01JD3ZV8Q4 -->\n")
    assert text.count("<details>") == text.count("</details>")


def test_failures_stand_above_passes() -> None:
    lines = render_markdown(
        replace(passed(), comparisons=(passed().comparisons[0], replace(failed().comparisons[0], workload="mmlu")))
    ).splitlines()
    rows = [line for line in lines if line.endswith(" passed |") or line.endswith(" failed |")]
    assert [row.split(" | ")[0] for row in rows] == ["| mmlu", "| gsm8k"]
