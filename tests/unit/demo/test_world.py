"""The generator repeats the shipped eval sets: text byte for byte, pictures pixel for pixel."""

import importlib.util
import io
import random
from pathlib import Path
from typing import Any

import pytest

from demo.world import eval_sets, files
from demo.world.facts import choice_item
from demo.world.scenes import scene_item
from demo.world.splits import PICTURES_ONE_IN, distinct, side_of
from demo.world.word_problems import word_problem

DATA = Path(__file__).parents[3] / "demo" / "data"

needs_pictures = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("PIL", "pyarrow")),
    reason="pictures need pillow and pyarrow: pip install pillow pyarrow",
)


def shipped_text(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def test_word_problems_repeat_the_shipped_bytes() -> None:
    assert files.jsonl(eval_sets.gsm8k_test()) == shipped_text("gsm8k/test.jsonl")
    assert files.jsonl(eval_sets.gsm8k_train()) == shipped_text("gsm8k/train.jsonl")


def test_fact_questions_repeat_the_shipped_bytes() -> None:
    test, dev = eval_sets.mmlu()
    assert files.jsonl(test) == shipped_text("mmlu/test.jsonl")
    assert files.jsonl(dev) == shipped_text("mmlu/dev.jsonl")


@needs_pictures
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("mmmu/validation.parquet", files.mmmu_rows),
        ("mmmu_pro/standard_10_options.parquet", files.mmmu_pro_rows),
        ("mmmu_pro/vision.parquet", files.mmmu_pro_vision_rows),
    ],
)
def test_picture_sets_repeat_the_shipped_rows_and_pixels(name: str, rows: Any) -> None:
    from pyarrow import parquet

    shipped = parquet.read_table(DATA / name).to_pylist()
    made = rows()
    assert len(made) == len(shipped) == 200
    for ours, theirs in zip(made, shipped, strict=True):
        assert decoded(ours) == decoded(theirs)


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    """Replace PNG bytes, which depend on the compressor's version, by pixels."""
    from PIL import Image

    return {
        name: Image.open(io.BytesIO(value["bytes"])).tobytes() if isinstance(value, dict) else value
        for name, value in row.items()
    }


def test_training_problems_never_meet_a_test_item() -> None:
    rng = random.Random("fresh problems")
    test_questions = {row["question"] for row in eval_sets.gsm8k_test()}
    trained = [word_problem(rng) for _ in range(3000)]
    kept = {problem.question for problem in trained if side_of(problem.key, 10) == "train"}
    assert len(kept) > 2000
    assert not kept & test_questions


def test_training_facts_never_meet_a_test_item() -> None:
    rng = random.Random("fresh facts")
    test, dev = eval_sets.mmlu()
    held_out = {(row["subject"], row["question"]) for row in [*test, *dev]}
    drawn = [choice_item(rng, "train", options=n) for n in (4, 10) for _ in range(1500)]
    assert not held_out & {(row["subject"], row["question"]) for row in drawn}


def test_choices_are_distinct_and_hold_the_answer() -> None:
    rng = random.Random("choices")
    for _ in range(500):
        row = choice_item(rng, "eval")
        assert len(set(row["choices"])) == 4
        assert 0 <= row["answer"] < 4


def test_scenes_come_from_the_side_that_was_asked_for() -> None:
    rng = random.Random("scenes")
    assert {side_of(scene_item(rng, "train").key(), PICTURES_ONE_IN) for _ in range(100)} == {"train"}
    assert {side_of(scene_item(rng, "eval").key(), PICTURES_ONE_IN) for _ in range(30)} == {"eval"}


def test_too_few_different_items_name_what_to_do() -> None:
    with pytest.raises(ValueError, match="ask for fewer"):
        distinct(lambda: "same", 2, lambda row: row)
