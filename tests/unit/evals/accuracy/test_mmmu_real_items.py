"""MMMU-Pro's published items: every picture unchanged and in its place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from evals.accuracy.questions import Question
from tests.data import full_data
from tests.unit.evals.accuracy.mmmu_world import COT, DIRECT, STANDARD, VISION_COT, asked, parts


def sample(folder: Path, benchmark: str) -> tuple[list[dict[str, Any]], list[Question]]:
    """Return the 16 real items (11 with a screenshot) and their questions, read from local files."""
    source = full_data("mmmu_pro") / "mmmu_pro" / "sample_with_images"
    items = [json.loads(line) for line in (source / "sample.jsonl").read_text().splitlines()]
    size = "4" if "standard4" in benchmark else "10"
    if "vision" in benchmark:
        items = [row for row in items if "vision_screenshot" in row]
    rows: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    for row in items:
        files = {"image": row["vision_screenshot"]} if "vision" in benchmark else row["images"]
        pictures |= {Path(name).name: (source / name).read_bytes() for name in files.values()}
        named = {column: Path(name).name for column, name in files.items()}
        own = {"id": row["id"], "question": row["question"], "options": row[f"options_{size}"]}
        rows.append(own | {"answer": row[f"answer_{size}"]} | named)
        row["files"] = [(source / name).read_bytes() for name in files.values()]
    file = "vision.jsonl" if "vision" in benchmark else f"standard_{size}_options.jsonl"
    return items, asked(benchmark, folder, file, rows, pictures)


@pytest.mark.parametrize("setting", STANDARD)
def test_the_real_items_carry_every_picture_unchanged_and_in_its_place(setting: str, tmp_path: Path) -> None:
    items, questions = sample(tmp_path, f"mmmu_pro_{setting}")
    assert len(questions) == len(items) == 16
    for row, question in zip(items, questions, strict=True):
        got = parts(question)
        assert sorted(part for part in got if isinstance(part, bytes)) == sorted(row["files"])
        text = "".join(part if isinstance(part, str) else "<image>" for part in got)
        options = row["options_4" if "standard4" in setting else "options_10"]
        lines = [f"{chr(ord('A') + place)}. {option}" for place, option in enumerate(options)]
        written = "\n".join([row["question"], *lines, COT if setting.endswith("cot") else DIRECT])
        for number in range(1, 8):
            written = written.replace(f"<image {number}>", "<image>")
        assert text == written
        for data in row["files"]:
            assert f"sha256:{hashlib.sha256(data).hexdigest()}" in question.prompt
        assert "base64" not in question.prompt


def test_the_real_item_with_pictures_for_options_shows_each_behind_its_letter(tmp_path: Path) -> None:
    items, questions = sample(tmp_path, "mmmu_pro_standard10_direct")
    place = next(place for place, row in enumerate(items) if row["id"] == "test_Music_251")
    one, two, three, four, five = items[place]["files"]
    end = f"\n{DIRECT}"
    assert parts(questions[place]) == [
        one, " is a substitution for how many parts of the basic division?\nA. ", four, "\nB. ", two, "\nC. ", five,
        "\nD. ", three, end,
    ]  # fmt: skip


def test_the_real_screenshots_follow_the_instruction(tmp_path: Path) -> None:
    items, questions = sample(tmp_path, "mmmu_pro_vision_cot")
    assert len(questions) == 11
    for row, question in zip(items, questions, strict=True):
        assert parts(question) == [VISION_COT, *row["files"]]
