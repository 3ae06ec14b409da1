"""What our sgl-eval makes of odd items, repeats, thoughts, and answers that are known already."""

from __future__ import annotations

import json

import pyarrow.parquet as parquet
import pytest

from evals.errors import DatasetError
from tests.integration.workers.sgl_eval_scripts import lines, scripted
from tests.integration.workers.sgl_eval_world import DEMO, Heard, ScriptedEngine, completion, run_ours, workload


def test_an_item_that_sgl_eval_leaves_out_is_neither_asked_nor_missing() -> None:
    items = parquet.read_table(DEMO / "mmmu_pro" / "standard_10_options.parquet").slice(0, 3).to_pylist()
    items[1]["image_1"] = None
    with scripted(["Answer: A"]) as engine:
        result = run_ours(workload("mmmu_pro"), items, engine.url)
    assert [score.doc_id for score in result.scores] == [0, 2]
    assert result.facts["skipped_items"] == "1"


def test_items_that_sgl_eval_cannot_read_are_the_datasets_fault() -> None:
    with scripted(["1"]) as engine:
        with pytest.raises(DatasetError, match="cannot read"):
            run_ours(workload("gsm8k"), [{"question": "How many?", "answer": "no mark"}], engine.url)
        with pytest.raises(DatasetError, match="four choices"):
            run_ours(workload("mmlu"), [{"question": "?", "choices": ["a", "b"], "answer": 0}], engine.url)
        assert engine.heard() == []


def test_thoughts_counts_and_the_end_of_an_answer_are_kept() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 2)
    with ScriptedEngine(lambda body: completion("\\boxed{44}", reasoning="11 * 4", finish_reason="length")) as engine:
        heard = Heard()
        run_ours(workload("gsm8k", chat_template_args={"enable_thinking": True}), items, engine.url, heard=heard)
        assert all(body["chat_template_kwargs"] == {"enable_thinking": True} for body in engine.bodies)
    for response in heard.responses.values():
        assert (response.text, response.reasoning, response.finish_reason) == ("\\boxed{44}", "11 * 4", "length")
        assert (response.prompt_tokens, response.completion_tokens, response.attempts) == (7, 3, 1)
        assert response.sent_at <= response.ended_at


def test_repeats_are_judged_one_by_one_and_each_has_its_seed() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 2)
    with ScriptedEngine(lambda body: completion(f"\\boxed{{{44 + body['seed'] % 2}}}")) as engine:
        result = run_ours(workload("gsm8k", repeats=3, temperature=0.5, seed=10), items, engine.url)
        assert sorted(body["seed"] for body in engine.bodies) == [10, 10, 11, 11, 12, 12]
    found = [(s.repeat, s.value) for s in result.scores if s.doc_id == 0]
    assert found == [(0, 1.0), (1, 0.0), (2, 1.0)]


def test_stored_answers_are_judged_without_being_asked_again() -> None:
    items = lines(DEMO / "gsm8k" / "test.jsonl", 6)
    sampled = workload("gsm8k", repeats=2, temperature=0.5)
    with ScriptedEngine(lambda body: completion(f"\\boxed{{{sum(json.dumps(body).encode()) % 100}}}")) as engine:
        first = Heard()
        whole = run_ours(sampled, items, engine.url, heard=first)
        engine.heard()
        kept = {key: response for key, response in first.responses.items() if (key.doc_id + key.repeat) % 2}
        items[1]["question"] += " Really?"
        second = Heard()
        again = run_ours(sampled, items, engine.url, heard=second, answered=kept)
        assert len(engine.heard()) == 12 - len(kept) + 1
    expected = {key for key in first.answers if key not in kept or key.doc_id == 1}
    assert set(second.answers) == expected
    unchanged = [(s.doc_id, s.repeat, s.value, s.extracted) for s in whole.scores if s.doc_id != 1]
    assert [(s.doc_id, s.repeat, s.value, s.extracted) for s in again.scores if s.doc_id != 1] == unchanged
    assert len(again.scores) == 12
