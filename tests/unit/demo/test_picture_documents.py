"""Picture conversations for training have the forms that harnesses send and pictures of the training side."""

import random

import pytest

pytest.importorskip("PIL", reason="pictures need pillow: pip install pillow")

import numpy as np

from demo.training import prompts
from demo.training.picture_documents import image_text, printed_document, scene_document
from demo.training.picture_questions import Asker
from demo.training.segments import IMAGE_TOKEN, LAST_LETTER_WEIGHT, LETTER_WEIGHT, TURN_END, text_of
from demo.world.drawing import WHITE, bar_pixels, draw, entry
from demo.world.scenes import BarScene
from demo.world.splits import PICTURES_ONE_IN, side_of


def test_the_text_holds_one_image_token_for_every_28_by_28_pixels() -> None:
    asker = Asker(random.Random("tokens"))
    for document in (scene_document(asker), printed_document(asker)):
        height, width = document.pixels.shape
        assert text_of(document.segments).count(IMAGE_TOKEN) == height * width // 28**2


def test_training_pictures_never_come_from_the_eval_side() -> None:
    asker = Asker(random.Random("sides"))
    documents = [scene_document(asker) for _ in range(100)] + [printed_document(asker) for _ in range(30)]
    assert {side_of(document.scene.key(), PICTURES_ONE_IN) for document in documents} == {"train"}
    assert side_of(scene_document(asker, side="eval").scene.key(), PICTURES_ONE_IN) == "eval"


def test_the_first_turn_asks_in_the_harnesses_forms() -> None:
    asker = Asker(random.Random("forms"))
    firsts = [text_of(scene_document(asker, turns=1).segments) for _ in range(300)]
    for form in (
        "?\n\n(A) ",
        prompts.MMMU_LETTER,
        f"\n{prompts.PRO_DIRECT}{TURN_END}",
        prompts.MMMU_OPEN,
        f"<|im_start|>user\n{image_text(168, 168)} ",
        f"? {image_text(168, 168)}",
        f"{image_text(168, 168)}<image 1> ",
    ):
        assert any(form in first for first in firsts), form


def test_only_the_assistants_words_are_trained_on() -> None:
    asker = Asker(random.Random("weights"))
    for _ in range(50):
        before = ""
        for text, weight in scene_document(asker).segments:
            if weight > 0 and text != TURN_END:
                assert before.endswith("<|im_start|>assistant\n")
            before = text


def test_a_printed_question_is_written_out_before_its_letter() -> None:
    document = printed_document(Asker(random.Random("printed")))
    *_, written, letter, end, _ = document.segments
    assert written[0].endswith("\nAnswer:")
    assert letter[0].strip() in "ABCDEFGHIJ"
    assert letter[1] == LAST_LETTER_WEIGHT > LETTER_WEIGHT
    assert end[0] == TURN_END


def test_bars_are_drawn_where_bar_pixels_says() -> None:
    scene = BarScene(bars=(("red", 3), ("blue", 9), ("pink", 1)), shade=0, dx=5, background=WHITE, grid=False)
    row = np.asarray(draw(scene))[150]
    for (color, _), (first, last) in zip(scene.bars, bar_pixels(scene), strict=True):
        assert set(row[first : last + 1].tolist()) == {entry(color, 0)}
        assert entry(color, 0) not in (row[first - 1], row[last + 1])
