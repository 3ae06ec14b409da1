"""The tiny evaluator asks with and without the picture, and judges an answer by its last line."""

import io
from pathlib import Path

import pytest

from demo.evaluation.tasks import Item, blank, is_right, mmmu, mmmu_pro_vision

DATA = Path(__file__).parents[3] / "demo" / "data"


def test_a_blank_item_keeps_the_question_and_has_a_white_picture_of_the_same_size() -> None:
    image = pytest.importorskip("PIL.Image")
    for item in (mmmu(DATA)[0], mmmu_pro_vision(DATA)[0]):
        assert item.png is not None
        emptied = blank(item)
        assert emptied.png is not None
        assert (emptied.prompt, emptied.answer) == (item.prompt, item.answer)
        before, after = (image.open(io.BytesIO(png)).convert("RGB") for png in (item.png, emptied.png))
        assert before.size == after.size
        assert set(after.tobytes()) == {255} != set(before.tobytes())


@pytest.mark.parametrize(
    ("text", "right"),
    [("B", True), (" B\n", True), ("What?\nA. one\nB. two\nAnswer: B", True), ("Answer: A", False), ("B or C", False)],
)
def test_an_answer_is_judged_by_its_last_line(text: str, right: bool) -> None:
    assert is_right(Item(prompt="Which?", answer="B", max_tokens=8), text) is right
