"""MMMU and MMMU-Pro: prompts as documented, pictures where they are named, here and inside lm-eval itself."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import OWN_TASKS, direct_definitions
from evals.accuracy.direct import DirectBenchmark
from evals.accuracy.questions import Question
from evals.errors import DatasetError, InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.result import Response
from evals.spec import Api, DataSource, Workload
from tests.data import full_data

LAST_LINE = (
    "The last line of your response should be of the following format: 'Answer: $LETTER' (without quotes) where LETTER "
    "is one of options."
)
DIRECT = "Answer with the option letter from the given choices directly."
COT = f"Answer the preceding multiple choice question. {LAST_LINE} Think step by step before answering."
VISION_COT = (
    f"Write out the multiple-choice question in the image and then solve it. {LAST_LINE} Think step by step before "
    "answering."
)
"""As prompts.yaml of MMMU-Benchmark/MMMU, folder mmmu-pro, has them."""

PRO = Workload(
    name="pro", benchmark="", metric="", margin=0.02, data=DataSource.SUBSET, api=Api.CHAT
)  # fmt: skip
STANDARD = ("standard10_direct", "standard10_cot", "standard4_direct", "standard4_cot")
ALL = (*STANDARD, "vision_direct", "vision_cot")


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), (number, 0, 0)).save(buffer, format="PNG")
    return buffer.getvalue()


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


def asked(
    benchmark: str, folder: Path, file: str, rows: list[dict[str, Any]], pictures: dict[str, bytes], **settings: Any
) -> list[Question]:
    """Return a benchmark's questions over rows in a local file with pictures beside it."""
    name = "mmmu" if benchmark.startswith("mmmu_val") or benchmark == "mmmu" else "mmmu_pro"
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    for picture, data in pictures.items():
        (folder / name / picture).write_bytes(data)
    loaded = load_benchmark(replace(PRO, benchmark=benchmark, **settings), data_folder=folder)
    assert loaded.needs_images
    return list(loaded.questions())


def parts(question: Question) -> list[str | bytes]:
    """Return what the engine gets as the last message: texts, and the bytes of the pictures."""
    request = question.request
    assert isinstance(request, GenerationRequest)
    content = request.payload("m")["messages"][-1]["content"]
    return [part["text"] if part["type"] == "text" else decoded(part["image_url"]["url"]) for part in content]


def decoded(url: str) -> bytes:
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(data)


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


ANSWERS = [
    "Answer: B",
    "(A)",
    "I cannot tell",
    "",
    "B.",
    "so many words that name the option a dog at last",
    "Answer: Z",
]


@pytest.mark.parametrize("setting", ALL)
def test_the_definition_runs_inside_lm_eval_with_the_same_prompts_pictures_and_scores(
    setting: str, tmp_path: Path
) -> None:
    rows = [
        {"id": f"test_Art_{place}", "question": f"<image 2> {place} <image 1>?", "options": repr(["a cat", "a dog"]),
         "answer": "AB"[place % 2], "image_1": {"bytes": png(place)}, "image_2": {"bytes": png(99)},
         "image": {"bytes": png(50 + place)}}
        for place in range(len(ANSWERS))
    ]  # fmt: skip
    task = inside_lm_eval(f"mmmu_pro_{setting}", rows, tmp_path)
    definition = (direct_definitions(f"mmmu_pro_{setting}") or [])[0]
    ours = over(definition.name, rows, tmp_path)
    assert len(task.instances) == len(ours.questions()) == len(rows)
    for row, instance, question, answer in zip(rows, task.instances, ours.questions(), ANSWERS, strict=True):
        prompt, settings, more = instance.args
        got = parts(question)
        marks = "vision" not in setting
        assert prompt == "".join(part if isinstance(part, str) else "<image>" * marks for part in got)
        theirs = [image.tobytes() for image in more["visual"]]
        assert theirs == [Image.open(io.BytesIO(part)).tobytes() for part in got if isinstance(part, bytes)]
        assert (settings["max_gen_toks"], settings["temperature"]) == (4096, 0.0)
        assert getattr(question.request, "max_tokens", None) == 4096
        scores = ours._scores(question, response(question, answer))
        judged = {s.metric.partition(",")[0]: s.value for s in scores if s.metric.endswith(",mmmu-pro@1")}
        assert judged == task.process_results(row, [answer])


def inside_lm_eval(name: str, rows: list[dict[str, Any]], folder: Path) -> Any:
    """Return lm-eval's own task of one of our definitions, over rows of ours instead of the hub's."""
    import datasets
    from lm_eval.tasks import TaskManager

    features = datasets.Features(
        {column: datasets.Image() if column.startswith("image") else datasets.Value("string") for column in rows[0]}
    )
    file = folder / "rows.parquet"
    datasets.Dataset.from_list(rows, features=features).to_parquet(file)
    assert name in TaskManager(include_path=[str(OWN_TASKS)], include_defaults=False).all_tasks
    data = {"data_files": {"test": str(file)}, "cache_dir": str(folder / "cache")}
    own = {"include": str(OWN_TASKS / f"{name}.yaml"), "task": "here", "dataset_path": "parquet", "dataset_name": None}
    (folder / "definitions").mkdir()
    (folder / "definitions" / "here.yaml").write_text(json.dumps(own | {"dataset_kwargs": data}))
    manager = TaskManager(include_path=[str(folder / "definitions")], include_defaults=False)
    task = manager.load(["here"])["tasks"]["here"]
    task.build_all_requests(limit=None, rank=0, world_size=1)
    return task


def over(name: str, rows: list[dict[str, Any]], folder: Path) -> DirectBenchmark:
    """Return our own benchmark over the same rows."""
    import pyarrow as pa
    from pyarrow import parquet

    place = (
        folder / "mmmu_pro" / ("vision" if "vision" in name else f"standard ({'4' if '4' in name else '10'} options)")
    )
    place.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows), place / "test-00000-of-00001.parquet")
    benchmark = load_benchmark(replace(PRO, benchmark=name), data_folder=folder)
    assert isinstance(benchmark, DirectBenchmark)
    return benchmark


def response(question: Question, text: str) -> Response:
    return Response(
        key=question.key, prompt_sha256=question.prompt_sha256, text=text, finish_reason="stop", prompt_tokens=1,
        completion_tokens=1, sent_at=0.0, ended_at=1.0,
    )  # fmt: skip


def test_the_companions_show_what_other_rules_say_of_the_same_answer(tmp_path: Path) -> None:
    row = {"id": "test_Art_1", "options": ["a cat", "a dog"], "answer": "B", "image": "page.png"}
    (tmp_path / "mmmu_pro").mkdir()
    (tmp_path / "mmmu_pro" / "page.png").write_bytes(png(1))
    (tmp_path / "mmmu_pro" / "vision.jsonl").write_text(json.dumps(row))
    benchmark = load_benchmark(
        replace(PRO, benchmark="mmmu_pro_vision_direct", metric="acc,mmmu-pro@1"), data_folder=tmp_path
    )
    (question,) = benchmark.questions()
    scores = benchmark.judge({question.key: response(question, "B.")})
    found = {score.metric: (score.value, score.extracted, score.how) for score in scores}
    assert found == {
        "acc,mmmu-pro@1": (1.0, "B", "letter"),
        "acc_official,mmmu-pro@1": (1.0, "B", "letter"),
        "acc,mmmu@1": (1.0, "B", "letter"),
        "acc_official,mmmu@1": (1.0, "B", "letter"),
        "acc,answer-line@1": (0.0, None, "unparsed"),
        "acc_official,answer-line@1": (0.0, None, "unparsed"),
    }
    assert benchmark.judge_one(question, response(question, "A")) == 0.0
