"""What rounds amount to, over made-up flights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.client_report import LM_EVAL, LM_EVAL_MMLU, OUR_MMLU, OURS, report, score_in
from benchmarks.flight import Flight

OUR_OUTPUT = '\r12 of 1319\r1319 of 1319\n{\n "metrics": {"exact_match,strict-match": {"value": 0.01516, "n": 1319}}}'
LM_EVAL_OUTPUT = """
|  Tasks   |Version|     Filter     |n-shot|  Metric   |   |Value |   |Stderr|
|----------|------:|----------------|-----:|-----------|---|-----:|---|-----:|
|gsm8k_here|      3|flexible-extract|     5|exact_match|↑  |0.0152|±  |0.0034|
|          |       |strict-match    |     5|exact_match|↑  |0.0160|±  |0.0034|
"""
MMLU_OUTPUT = """
|     Groups      |Version|Filter|n-shot|Metric|   |Value |   |Stderr|
|-----------------|------:|------|-----:|------|---|-----:|---|-----:|
|mmlu_here        |       |none  |      |acc   |↑  |0.2456|±  |0.0128|
| - anatomy       |      1|none  |     5|acc   |↑  |0.2000|±  |0.0918|
"""
FLIGHT = Flight(wall_s=4.0, to_first_s=1.0, flying_s=2.0, after_last_s=1.0, requests=100, cpu_s=3.0, output=OUR_OUTPUT)


@pytest.mark.parametrize(
    ("output", "score"),
    [
        (OUR_OUTPUT, "exact_match,strict-match 0.0152"),
        (LM_EVAL_OUTPUT, "exact_match,flexible-extract 0.0152, exact_match,strict-match 0.0160"),
        (MMLU_OUTPUT, "acc,none 0.2456"),
        ("== gsm8k ==\n* score                =  1.52%\n  stop_rate = 100.00%", "1.52%"),
        ("nothing of the kind", None),
    ],
)
def test_the_printed_score_is_found(output: str, score: str | None) -> None:
    assert score_in(output) == score


def test_ratios_are_medians_of_ratios_within_a_round() -> None:
    rounds = [{OURS: FLIGHT, LM_EVAL: replace(FLIGHT, wall_s=4.0 * factor, cpu_s=60.0)} for factor in (12, 9, 30)]
    found = report(rounds)["ratios"]
    assert found["gsm8k: lm-eval's wall time over ours"] == {"ratio": 12, "target": 10, "met": True}
    assert found["gsm8k: our requests/s over lm-eval's"] == {"ratio": 1, "target": 2, "met": False}
    assert found["gsm8k: lm-eval's CPU per request over ours"]["ratio"] == 20
    assert not any("sgl-eval" in name or "mmlu" in name for name in found)


def test_four_requests_of_lm_evals_are_one_question_of_mmlu() -> None:
    found = report([{OUR_MMLU: FLIGHT, LM_EVAL_MMLU: FLIGHT}])
    assert found["clients"][OUR_MMLU]["questions_per_s"] == 50
    assert found["clients"][LM_EVAL_MMLU]["questions_per_s"] == 12
    assert found["ratios"]["mmlu: our questions/s over lm-eval's"]["ratio"] == 4


def test_the_table_has_a_line_for_each_client() -> None:
    lines = report([{OURS: FLIGHT, LM_EVAL: FLIGHT}])["table"]
    assert [line.split("|")[1].strip() for line in lines] == ["client", "---", OURS, LM_EVAL]
    assert len({line.count("|") for line in lines}) == 1
