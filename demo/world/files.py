"""The eval sets as files: JSON lines for text, Parquet with embedded PNG images for pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.world import eval_sets
from demo.world.drawing import draw, png
from demo.world.eval_sets import SUBFIELDS, PictureQuestion
from demo.world.printed_questions import draw_printed

ParquetRow = dict[str, Any]

IMAGE_COLUMNS = tuple(f"image_{i}" for i in range(1, 8))


def write_eval_sets(folder: Path) -> None:
    """Write gsm8k, mmlu, mmmu and mmmu_pro below `folder`; needs pillow and pyarrow."""
    write_jsonl(folder / "gsm8k/test.jsonl", eval_sets.gsm8k_test())
    write_jsonl(folder / "gsm8k/train.jsonl", eval_sets.gsm8k_train())
    test, dev = eval_sets.mmlu()
    write_jsonl(folder / "mmlu/test.jsonl", test)
    write_jsonl(folder / "mmlu/dev.jsonl", dev)
    write_parquet(folder / "mmmu/validation.parquet", mmmu_rows(), IMAGE_COLUMNS)
    write_parquet(folder / "mmmu_pro/standard_10_options.parquet", mmmu_pro_rows(), IMAGE_COLUMNS)
    write_parquet(folder / "mmmu_pro/vision.parquet", mmmu_pro_vision_rows(), ("image",))


def jsonl(rows: Sequence[Any]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_jsonl(path: Path, rows: Sequence[Any]) -> None:
    """Write rows as JSON lines, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(jsonl(rows), encoding="utf-8")


def mmmu_rows() -> list[ParquetRow]:
    """Return MMMU's columns for the validation split."""
    return [
        _with_picture(item)
        | {
            "question_type": "open" if item.is_open else "multiple-choice",
            "subfield": SUBFIELDS[item.subject],
        }
        for item in eval_sets.mmmu()
    ]


def mmmu_pro_rows() -> list[ParquetRow]:
    """Return MMMU-Pro's columns for the standard form with ten options."""
    return [_with_picture(item) | {"subject": item.subject} for item in eval_sets.mmmu_pro()]


def mmmu_pro_vision_rows() -> list[ParquetRow]:
    """Return MMMU-Pro's columns for the form whose question is in the image."""
    return [
        {
            "id": item.id,
            "image": {
                "bytes": png(draw_printed(item.scene, item.asked, item.options)),
                "path": f"{item.id}.png",
            },
            "options": repr(list(item.options)),
            "answer": item.answer,
            "subject": item.subject,
        }
        for item in eval_sets.mmmu_pro_vision()
    ]


def _with_picture(item: PictureQuestion) -> ParquetRow:
    images: ParquetRow = dict.fromkeys(IMAGE_COLUMNS)
    images["image_1"] = {"bytes": png(draw(item.scene)), "path": f"{item.id}_1.png"}
    return {
        "id": item.id,
        "question": item.question,
        "options": repr(list(item.options)),
        "explanation": "",
        **images,
        "img_type": item.image_type,
        "answer": item.answer,
        "topic_difficulty": "Easy",
    }


def write_parquet(path: Path, rows: Sequence[ParquetRow], images: Sequence[str]) -> None:
    """Write rows as the datasets library stores them: an image is a struct of PNG bytes and a path."""
    import pyarrow as pa
    from pyarrow import parquet

    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    types = {name: image_type if name in images else pa.string() for name in rows[0]}
    table = pa.table({name: pa.array([row[name] for row in rows], type=types[name]) for name in rows[0]})
    text = {"dtype": "string", "_type": "Value"}
    features = {name: {"_type": "Image"} if name in images else text for name in rows[0]}
    path.parent.mkdir(parents=True, exist_ok=True)
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, path, compression="zstd")
