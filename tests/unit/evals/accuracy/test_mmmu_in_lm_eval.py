"""Our definition of MMMU-Pro inside lm-eval itself: the same prompts, pictures and scores."""

from __future__ import annotations

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
from evals.result import Response
from tests.unit.evals.accuracy.mmmu_world import PRO, STANDARD, parts, png

ALL = (*STANDARD, "vision_direct", "vision_cot")
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
