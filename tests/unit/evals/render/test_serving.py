"""What a comment shows of serving workloads."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from evals.duel.results import CANDIDATE
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.render.markdown import render_markdown
from evals.render.serving.passes import gpu_rows
from evals.result import SideSummary
from tests.unit.evals.serving_examples import (
    EXAMPLES,
    client_limited,
    report_of_serving,
    serving_fail,
    serving_pass,
    unknown_values,
    without_gpu,
)
from tests.unit.evals.serving_values import GPU, one_pass, result

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
PLOTS = "https://plumbline.example/runs/01J/plots"
URL = "https://plumbline.example/runs/01J"


def text_of(name: str) -> str:
    return render_markdown(EXAMPLES[name](), report_url=URL, plots_url=PLOTS)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_nothing_foreign_becomes_markup(name: str) -> None:
    text = text_of(name)
    assert len(text) <= 60_000
    html = MARKDOWN.render(text)
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z!][\w-]*)", html))
    allowed = {"p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li"}
    assert tags <= allowed | {"pre", "img", "a", "i", "!--"}
    assert all(address.startswith(f"{PLOTS}/1/") for address in re.findall(r'<img src="([^"]*)"', html))
    assert set(re.findall(r'href="([^"]*)"', html)) <= {URL}
    assert text.count("<details>") == text.count("</details>")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_each_level_is_a_row_with_both_sides_ratios_and_signs() -> None:
    rows = [line for line in text_of("serving-fail").splitlines() if line.startswith(("| 1 |", "| 8 |", "| 32 |"))]
    assert rows[:3] == [
        "| 1 | 31.11 | 28.00 | ❌ 1.111 × [1.095, 1.128] | 77.76 | 86.40 | ❌ 0.900 × [0.887, 0.914] |",
        "| 8 | 62.22 | 56.00 | ❌ 1.111 × [1.095, 1.128] | 486.0 | 540.0 | ❌ 0.900 × [0.887, 0.914] |",
        "| 32 | 168.9 | 152.0 | ❌ 1.111 × [1.095, 1.128] | 1,111 | 1,234 | ❌ 0.900 × [0.887, 0.914] |",
    ]


def test_a_mixed_level_shows_which_figure_failed() -> None:
    found = serving_pass()
    ratios = tuple(
        replace(one, verdict=Verdict.FAIL) if (one.level, one.name) == (8, "output_tokens_per_s") else one
        for one in found.ratios
    )
    text = render_markdown(report_of_serving(replace(found, ratios=ratios)))
    row = next(line for line in text.splitlines() if line.startswith("| 8 |"))
    assert re.findall("[✅❌]", row) == ["✅", "❌"]


def test_plots_are_embedded_where_everybody_may_see_them_and_nowhere_else() -> None:
    shown = re.findall(rf"\]\({re.escape(PLOTS)}/1/([\w-]+)\.svg\)", text_of("serving-fail"))
    assert shown[0] == "throughput"
    assert len(shown) == 12
    assert {"ttft_ms-1", "ttft_ms-8", "ttft_ms-32", "ratio-output_tokens_per_s-32"} <= set(shown)
    assert "…and 4 more on the page of the run." in text_of("serving-fail")
    assert "![" not in render_markdown(EXAMPLES["serving-fail"](), report_url=URL)


def test_brackets_in_a_name_do_not_end_the_words_of_a_picture() -> None:
    text = render_markdown(report_of_serving(replace(serving_pass(), workload="a ] b [ c")), plots_url=PLOTS)
    assert MARKDOWN.render(text).count("<img ") == 12


def test_the_comparisons_of_a_serving_workload_stand_in_no_other_table() -> None:
    report = EXAMPLES["serving-pass"]()
    row = replace(
        report.comparisons[0],
        workload="serving",
        metric=SERVING_METRICS["ttft_p50"],
        reasons=("seconds only",),
        verdict=Verdict.FAIL,
    )
    assert render_markdown(replace(report, comparisons=(*report.comparisons, row, row))) == render_markdown(report)
    alone = render_markdown(replace(report, comparisons=(row,)))
    assert "Workloads: not measured" not in alone
    assert "| 8 | 51.85 |" in alone


def test_what_was_not_measured_is_never_a_number() -> None:
    text = render_markdown(report_of_serving(unknown_values()))
    row = next(line for line in text.splitlines() if line.startswith("| 8 | not"))
    assert row.count("not measured") == 6
    assert "nan" not in text
    assert "all other figures" not in text


def test_faults_are_counted_by_reason_over_all_measured_passes() -> None:
    text = render_markdown(report_of_serving(serving_fail()))
    assert "| 8 | candidate | 384 | 381 | 1 connection, 2 stalled | 4 | 5 | 98,304 | 24,384 | 0 |" in text
    counts = {0: None}
    unknown = (replace(one, output_tokens=counts.get(one.round, 9)) for one in serving_fail().passes)
    without = replace(serving_fail(), passes=tuple(unknown))
    assert "| 8 | candidate | 384 | 381 | 1 connection, 2 stalled | 4 | 5 | 98,304 | 0 |" in render_markdown(
        report_of_serving(without)
    )


def test_the_folds_say_what_the_client_the_gpus_and_another_client_did() -> None:
    text = render_markdown(report_of_serving(client_limited()))
    assert "| 32 | 31.00 | 19.86 | 154,000 | 1,271 | 0.61 ms | 2.400 ms | yes |" in text
    assert "- at 32 in flight: 31 requests/s, 28.9 needed" in text
    assert "1,755 / 1,980 / 1,980 | 512 / 689 | 97.0 % | 121,344 | 61 | thermal | 4711 |" in text
    assert "candidate: the client's event loop lagged by 41 ms, baseline: the client's" in text
    assert "another client: the Rust client at 8 in flight" in text
    assert "- It gave nothing: it is not installed" in text
    checked = render_markdown(report_of_serving(serving_pass()))
    assert "| median TTFT, ms | 48.90 | 51.80 | 1.059 |" in checked
    assert "| output tokens/s | – | 583.2 | – |" in checked
    assert "- its clock starts after the concurrency gate, ours at the scheduled time" in checked
    assert "What was run:\n\n<pre>python -m sglang.benchmark.serving" in checked


def test_warm_ups_are_shown_in_their_order_and_apart_from_the_rounds() -> None:
    text = render_markdown(report_of_serving(serving_pass()))
    warm = text.split("serving: warm-up")[1].split("</details>")[0]
    cells = next(line for line in warm.splitlines() if line.startswith("| 8 | candidate")).split(" | ")
    first, *later = (float(number) for number in cells[3].split(" → "))
    assert cells[2] == "3"
    assert first > 5 * max(later)
    rounds = text.split("serving: every round")[1].split("</details>")[0]
    assert sum(line.startswith("| 8 |") for line in rounds.splitlines()) == 6


NAN = float("nan")
SILENT = replace(
    GPU, sm_clock_mhz=(NAN, NAN, NAN), power_w=(NAN, NAN), utilisation=NAN, memory_mib=NAN, temperature_c=NAN
)


def test_what_a_gpu_never_told_is_not_known() -> None:
    (row,) = gpu_rows([one_pass(8, number, CANDIDATE, 1.0, gpus=(SILENT,)) for number in range(2)])
    assert row[3:8] == ("not known",) * 5
    text = render_markdown(report_of_serving(result(Verdict.PASS, "it holds", gpus=(SILENT,))))
    assert "nan" not in text.split("GPUs beside the rounds")[1].split("</details>")[0]


def test_what_a_gpu_told_in_some_passes_is_summed_up_without_the_others() -> None:
    known = one_pass(8, 0, CANDIDATE, 1.0)
    silent = one_pass(8, 1, CANDIDATE, 1.0, gpus=(SILENT,))
    for passes in ([known, silent], [silent, known]):
        (row,) = gpu_rows(passes)
        assert row[3:8] == ("1,755 / 1,980 / 1,980", "512 / 689", "97.0 %", "121,344", "61")


def test_without_a_gpu_and_at_a_rate_nothing_is_said_of_gpus_or_flights() -> None:
    text = render_markdown(report_of_serving(without_gpu()))
    assert "GPUs" not in text
    assert "| by rate | 56.00 |" in text


def test_the_error_of_a_duel_is_told_with_its_remedy() -> None:
    error = {"code": "engine_died", "message": "the baseline's engine died", "remedy": "give it more memory"}
    duel = SideSummary(role="duel", engine="sglang against hf", model="m", state="failed", error=error)
    report = replace(EXAMPLES["serving-empty"](), companions=(duel,))
    errors = render_markdown(report).split("<summary>Errors</summary>")[1].split("</details>")[0]
    assert "**duel** (<code>sglang against hf</code>), job failed: the baseline's engine died" in errors
    assert "What to do: give it more memory" in errors
    parity = replace(report, companions=(replace(duel, role="reference"),))
    assert "<summary>Errors</summary>" not in render_markdown(parity)


def test_many_rows_end_in_a_count() -> None:
    text = text_of("serving-twenty")
    assert "…and 60 more rows on the page of the run." in text
