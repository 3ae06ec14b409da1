"""MMMU and MMMU-Pro: prompts as documented, with pictures where they are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evals.accuracy.definitions import direct_definitions
from evals.errors import DatasetError, InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.spec import Api
from tests.unit.evals.accuracy.mmmu_world import COT, DIRECT, LAST_LINE, VISION_COT, asked, parts, png

PICTURES = {f"image_{number}": {"bytes": png(number)} for number in range(1, 8)}


def item(question: str, options: list[Any], **more: Any) -> dict[str, Any]:
    return {"id": "test_Art_1", "question": question, "options": repr(options), "answer": "A", **PICTURES, **more}


def text_and_pictures(setting: str, of: dict[str, Any]) -> tuple[str, list[bytes]]:
    """Return what the definition itself says: its prompt, and the files of its pictures in order."""
    (definition,) = direct_definitions(f"mmmu_pro_{setting}") or []
    config = definition.config
    return config["doc_to_text"](of), [picture.data for picture in config["doc_to_image"].pictures(of)]


@pytest.mark.parametrize(("setting", "instruction"), [("standard10_direct", DIRECT), ("standard4_cot", COT)])
def test_a_standard_prompt_is_question_lettered_options_and_the_official_instruction(
    setting: str, instruction: str
) -> None:
    text, pictures = text_and_pictures(setting, item("What is <image 1>?", ["a cat", "a dog", "3"]))
    assert text == f"What is <image>?\nA. a cat\nB. a dog\nC. 3\n{instruction}"
    assert pictures == [png(1)]


@pytest.mark.parametrize(
    ("setting", "instruction"), [("vision_direct", f"{DIRECT} {LAST_LINE}"), ("vision_cot", VISION_COT)]
)
def test_in_the_vision_setting_the_instruction_comes_first_and_the_picture_after_it(
    setting: str, instruction: str, tmp_path: Path
) -> None:
    row = {"id": "test_Art_1", "options": ["x", "y"], "answer": "B", "image": "page.png"}
    (question,) = asked(f"mmmu_pro_{setting}", tmp_path, "vision.jsonl", [row], {"page.png": png(9)})
    assert parts(question) == [instruction, png(9)]


@pytest.mark.parametrize(
    ("question", "options", "named"),
    [
        ("<image 2> then <image 1>", ["x", "y"], [2, 1]),
        ("<image 1> and again <image 1>, <image 3>", ["x", "y"], [1, 1, 3]),
        ("<image 1>?", ["<image 4>", "<image 2>", "see <image 3>"], [1, 4, 2, 3]),
        ("which?", ["<image 7>", "none"], [7]),
        ("nothing is named", ["x", "y"], [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_pictures_come_in_the_order_in_which_question_and_options_name_them(
    question: str, options: list[str], named: list[int]
) -> None:
    text, pictures = text_and_pictures("standard10_direct", item(question, options))
    assert pictures == [png(number) for number in named]
    assert "<image " not in text


@pytest.mark.parametrize("count", [2, 4, 9, 12])
def test_there_are_as_many_letters_as_options(count: int) -> None:
    text, _ = text_and_pictures("standard10_cot", item("?", [f"option {number}" for number in range(count)]))
    lines = text.split("\n")[1:-1]
    assert [line.partition(". ") for line in lines] == [
        (chr(ord("A") + number), ". ", f"option {number}") for number in range(count)
    ]


def test_faulty_options_of_the_published_data_still_make_a_prompt() -> None:
    text, _ = text_and_pictures("standard10_direct", item("?", [["$6,000", "None"], None, 3]))
    assert text == f"?\nA. ['$6,000', 'None']\nB. None\nC. 3\n{DIRECT}"


def test_a_picture_that_is_named_but_missing_is_an_error_of_the_dataset() -> None:
    with pytest.raises(DatasetError, match="item test_Art_1 names the picture image_2"):
        text_and_pictures("standard10_direct", item("<image 2>", ["x"], image_2=None))


LETTER = "Answer with the option's letter from the given choices directly."
MMMU = {"id": "validation_Art_1", "question": "<image 2> or <image 1>?", "answer": "B", "question_type": "open"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "multiple-choice",
            [png(2), " or ", png(1), "?\n\n(A) x\n(B) ", png(1), f"\n\n{LETTER}"],
        ),
        ("open", [png(2), " or ", png(1), "?\n\nAnswer the question using a single word or phrase."]),
    ],
)
def test_mmmu_has_lm_evals_prompt_with_the_pictures_in_it(kind: str, expected: list[Any], tmp_path: Path) -> None:
    row = MMMU | {"question_type": kind, "options": ["x", "<image 1>"], "image_1": "1.png", "image_2": "2.png"}
    files = {"1.png": png(1), "2.png": png(2)}
    (question,) = asked("mmmu_val_art", tmp_path, "validation.jsonl", [row], files)
    assert parts(question) == expected
    request = question.request
    assert isinstance(request, GenerationRequest)
    assert (request.max_tokens, request.stop, request.temperature) == (512, ("<|endoftext|>",), 0.0)


def test_pictures_cannot_be_asked_through_completions_or_with_examples(tmp_path: Path) -> None:
    rows = [
        MMMU | {"id": f"validation_Art_{n}", "options": [], "image_1": "1.png", "image_2": "1.png"} for n in (1, 2, 3)
    ]
    for settings, field in (({"api": Api.COMPLETIONS}, "api"), ({"few_shot": 1}, "few_shot")):
        with pytest.raises(InvalidSubmissionError, match="shows pictures") as caught:
            asked("mmmu_val_art", tmp_path, "validation.jsonl", rows, {"1.png": png(1)}, **settings)
        assert caught.value.details["field"] == field


def test_the_same_words_with_another_picture_are_another_prompt(tmp_path: Path) -> None:
    row = {"id": "test_Art_1", "options": ["x", "y"], "answer": "B", "image": "page.png"}
    questions = [
        asked("mmmu_pro_vision_direct", tmp_path / str(number), "vision.jsonl", [row], {"page.png": png(number)})[0]
        for number in (1, 2)
    ]
    assert len({question.prompt_sha256 for question in questions}) == 2
    assert len({question.request_sha256 for question in questions}) == 2
