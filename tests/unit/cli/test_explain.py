"""`plumbline explain` against a double of the service: reasons, the worst flips, and an item opened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import Result

from cli.explain import worst_flips
from db.codec import to_json
from evals.result import Flip
from tests.unit.cli.commands_world import plumbline
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, problem
from tests.unit.evals.report_examples import failed

SIDE: dict[str, Any] = {"value": 0.0, "parsed": True, "extracted": "18", "how": None, "log_probabilities": None}
EXCERPT = {"before": "Zoe is 3 + ", "after": "."}
FOUND: dict[str, Any] = {
    "sample": {
        "task": "gsm8k", "doc_id": 17, "metric": "exact_match,strict-match", "gold": "so #### 21", "flip": "lost",
        "prompt": "Q: one?\nA: 1\n\nQ: How old?\nA:",
        "candidate": SIDE | {"text": "Zoe is 3 + 5 = 8."},
        "baseline": SIDE | {"value": 1.0, "extracted": "21", "text": "Zoe is 3 + 3."},
    },
    "divergence": {
        "unit": "token", "position": 4, "character": 11,
        "candidate": EXCERPT | {"differing": "5"}, "baseline": EXCERPT | {"differing": "3"},
    },
}  # fmt: skip


@pytest.fixture
def service(service: ServiceDouble, monkeypatch: pytest.MonkeyPatch) -> ServiceDouble:
    monkeypatch.setenv("COLUMNS", "160")
    return service


def explain(*arguments: str) -> Result:
    return plumbline("explain", RUN_ID, *arguments)


def test_reasons_come_by_number_and_the_worst_flips_with_the_command_that_opens_one(service: ServiceDouble) -> None:
    report = failed()
    service.on("GET", f"/{RUN_ID}/report", to_json(replace(report, reasons=("first of all", "and\x1b[31m then"))))
    said = explain("--limit", "3")
    assert said.exit_code == 0, said.output
    assert f"Failed: {report.headline}" in said.output
    assert "1. first of all\n2. and\ufffd[31m then" in said.output
    worst = worst_flips(report.comparisons)[0][1]
    assert f"plumbline explain {report.run_id} {worst.task}/{worst.doc_id} --workload gsm8k" in said.output
    assert f"{len(worst_flips(report.comparisons)) - 3} more" in said.output


def test_lost_answers_stand_before_lost_silence_and_before_what_was_gained() -> None:
    flip = Flip(task="t", doc_id=0, right="baseline", candidate_extracted="1", baseline_extracted="2", gold="2")
    silent, gained = replace(flip, doc_id=1, candidate_extracted=None), replace(flip, doc_id=2, right="candidate")
    deciding = replace(failed().comparisons[0], flips=(gained, silent, flip))
    beside = replace(deciding, decides=False)
    assert [found.doc_id for _, found in worst_flips([beside, deciding])] == [0, 1, 2]


def test_an_item_is_shown_with_both_texts_and_the_first_difference_marked(service: ServiceDouble) -> None:
    service.on("GET", f"/{RUN_ID}/samples/gsm8k/17", FOUND)
    said = explain("gsm8k/17", "--workload", "gsm8k")
    assert said.exit_code == 0, said.output
    assert "Zoe is 3 + »5« = 8." in said.output
    assert "Zoe is 3 + »3«." in said.output
    assert "Q: How old?" in said.output
    assert "one?" not in said.output
    assert "'18'" in said.output
    assert (
        "They part at token 5 (by the model's tokenizer): '5' from the candidate, '3' from the baseline." in said.output
    )
    assert service.asked[0].url.params["workload"] == "gsm8k"
    assert json.loads(explain("gsm8k/17", "--json").stdout) == FOUND


@pytest.mark.parametrize(
    ("text", "likely", "sentence"),
    [
        ("same", None, "The texts are equal."),
        (None, None, "A side has no answer on record."),
        ("", [-1.5, -0.25], "Nothing was written"),
    ],
)
def test_what_does_not_part_is_said(service: ServiceDouble, text: str | None, likely: Any, sentence: str) -> None:
    side = SIDE | {"text": text, "log_probabilities": likely}
    sample = FOUND["sample"] | {"candidate": side, "baseline": side}
    service.on("GET", f"/{RUN_ID}/samples/mmlu/x/3", {"sample": sample, "divergence": None})
    said = explain("mmlu/x/3")
    assert sentence in said.output
    assert ("log-probabilities -1.500, -0.250" in said.output) == bool(likely)


def test_a_wrong_item_and_an_unknown_one_say_what_to_do(service: ServiceDouble) -> None:
    assert "write TASK/NUMBER" in explain("17").stderr
    service.on("GET", f"/{RUN_ID}/samples/a/1", problem(404, "unknown_item", "no such item", "list them"))
    said = explain("a/1")
    assert (said.exit_code, "list them" in said.stderr) == (2, True)
