"""What a terminal shows; refresh the records with PLUMBLINE_REFRESH_GOLDEN=1 and read the diff before committing it."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli.tables import print_report, report_tables
from evals.metrics import SERVING_METRICS
from evals.result import Report
from tests.unit.evals.parity_examples import EXAMPLES as PARITY_EXAMPLES
from tests.unit.evals.report_examples import EXAMPLES, failed, incomparable, passed
from tests.unit.evals.serving_examples import EXAMPLES as SERVING_EXAMPLES
from tests.unit.evals.serving_examples import GOLDEN as SERVING_GOLDEN

GOLDEN = Path(__file__).parent / "golden"


def printed(report: Report, url: str | None = "http://127.0.0.1:8000/runs/01JD3ZV8Q4") -> str:
    output = io.StringIO()
    print_report(
        Console(file=output, width=110, color_system=None, force_terminal=False, legacy_windows=False), report, url
    )
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


ALL_EXAMPLES = {**EXAMPLES, **PARITY_EXAMPLES, **{name: SERVING_EXAMPLES[name] for name in SERVING_GOLDEN}}


@pytest.mark.parametrize("name", sorted(ALL_EXAMPLES))
def test_the_terminal_shows_what_is_on_record(name: str) -> None:
    text = printed(ALL_EXAMPLES[name]())
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("PLUMBLINE_REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_verdict_is_the_first_line() -> None:
    assert printed(failed()).startswith("Failed: gsm8k is worse than the baseline: ")


def test_foreign_text_neither_styles_nor_steers_the_terminal() -> None:
    report = failed()
    evil = replace(report.comparisons[0].flips[0], gold="[red]x[/red] \x1b[2J")
    flips = (evil, *report.comparisons[0].flips[1:])
    text = printed(replace(report, comparisons=(replace(report.comparisons[0], flips=flips),)))
    assert "[red]x[/red] \ufffd[2J" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", sorted(SERVING_EXAMPLES))
def test_serving_shows_its_ratios_and_nothing_that_steers(name: str) -> None:
    report = SERVING_EXAMPLES[name]()
    text = printed(report)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "nan" not in text
    deciding = [ratio for result in report.serving for ratio in result.ratios if ratio.decides]
    assert text.count("median TTFT in ms") == len(deciding) / 2
    # The comparisons of a serving workload are its ratios, and stand in no other table.
    row = replace(report.comparisons[0], workload=report.serving[0].workload, metric=SERVING_METRICS["ttft_p50"])
    assert printed(replace(report, comparisons=(*report.comparisons, row))) == text


def test_a_terminal_shows_the_rounds_only_where_a_reader_must_not_miss_them() -> None:
    titles = [str(table.title) for table in report_tables(SERVING_EXAMPLES["serving-pass"]())]
    assert titles[:2] == ["serving: passed", "serving: all other figures"]
    assert not any("GPUs" in title or "self-check" in title or "round" in title for title in titles)
    limited = [str(table.title) for table in report_tables(SERVING_EXAMPLES["serving-client-limited"]())]
    assert {"serving: self-check of the client", "serving: GPUs beside the rounds"} <= set(limited)


def test_tables_without_a_row_are_left_out() -> None:
    assert [str(table.title) for table in report_tables(incomparable())] == ["What decides"]
    assert len(report_tables(passed())) == 3


def test_without_an_address_the_command_is_named() -> None:
    assert printed(passed(), None).endswith("Full report: plumbline report 01JD3ZV8Q4\n")
