"""Benchmarks that lm-eval itself runs: chats, groups, pictures, and what is refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.accuracy import lm_eval_loading
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import stock_names
from evals.accuracy.lm_eval_loading import load_tasks
from evals.errors import DatasetError, InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.spec import Api, DataSource, Workload
from tests.unit.evals.accuracy.lm_eval_world import CHOICE, ROWS, TEXT, Loader, write


def test_a_chat_has_the_examples_as_turns(load: Loader) -> None:
    definition = TEXT | {"fewshot_split": "test", "description": "Be brief."}
    question = load(definition, few_shot=1, api=Api.CHAT).questions()[0]
    assert isinstance(question.request, GenerationRequest)
    messages: Any = question.request.prompt
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[-1]["content"] == "question 0?"


def test_the_items_are_identified_by_their_content_alone(load: Loader) -> None:
    first, again = load(CHOICE).facts, load(CHOICE).facts
    other = load(CHOICE, rows=[row | {"label": 0} for row in ROWS]).facts
    assert first == again
    assert first["dataset_fingerprint"] != other["dataset_fingerprint"]
    assert first["harness"].startswith("lm-eval ")


def test_a_group_is_all_its_tasks(load: Loader, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / "tasks", name, TEXT, ROWS)
    group = {"group": "here", "task": ["one", "two"]}
    (tmp_path / "tasks" / "here.yaml").write_text(json.dumps(group))
    workload = Workload(name="here", benchmark="here", metric="exact_match,number", margin=0.02, limit=3)
    benchmark = load_benchmark(workload, data_folder=None)
    assert [question.key.task for question in benchmark.questions()] == ["one"] * 3 + ["two"] * 3


def test_pictures_of_lm_evals_own_tasks_stand_at_their_marks(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "tasks" / "show.py").write_text(
        "from PIL import Image\n\n\ndef images(doc):\n    return [Image.new('RGB', (2, 2), (doc['label'], 0, 0))]\n"
    )
    definition = TEXT | {"doc_to_text": "see <image>: {{q}}"}
    write(tmp_path / "tasks", "here", definition, ROWS)
    file = tmp_path / "tasks" / "here.yaml"
    text = "doc_to_image: !function show.images\n"
    file.write_text(
        text + "\n".join(f"{key}: {json.dumps(value)}" for key, value in json.loads(file.read_text()).items())
    )
    workload = Workload(name="here", benchmark="here", metric="exact_match,number", margin=0.02, api=Api.CHAT)
    benchmark = load_benchmark(workload, data_folder=None)
    request = benchmark.questions()[2].request
    assert benchmark.needs_images
    assert isinstance(request, GenerationRequest)
    (picture,) = request.pictures.values()
    assert Image.open(io.BytesIO(picture.data)).getpixel((0, 0)) == (2, 0, 0)
    prompt: Any = request.prompt
    assert [part["type"] for part in prompt[-1]["content"]] == ["text", "image_url", "text"]
    for settings, field in (({"api": Api.COMPLETIONS}, "api"), ({"few_shot": 1}, "few_shot")):
        with pytest.raises(InvalidSubmissionError) as caught:
            load_benchmark(replace(workload, **settings), data_folder=None)
        assert caught.value.details["field"] == field


@pytest.mark.parametrize(
    ("definition", "settings", "says"),
    [
        (CHOICE, {"api": Api.CHAT}, "compares log-probabilities"),
        (CHOICE, {"data": DataSource.LOCAL}, "can only be read from the hub"),
        (CHOICE, {"revision": "main"}, "at the revision its definition names"),
        (TEXT | {"repeats": 8}, {}, "judges several answers to an item as one"),
        (TEXT | {"output_type": "loglikelihood_rolling"}, {}, "measures perplexity"),
        (TEXT | {"doc_to_audio": "q"}, {}, "plays sounds"),
    ],
)
def test_what_engines_cannot_be_asked_is_refused_with_the_reason(
    definition: dict[str, Any], settings: dict[str, Any], says: str, load: Loader
) -> None:
    with pytest.raises(InvalidSubmissionError, match=says):
        load(definition, **settings)


def test_items_that_cannot_be_had_and_packages_that_are_missing_are_clear_errors(load: Loader, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the items of benchmark 'here' cannot be loaded"):
        load(TEXT | {"dataset_kwargs": {"data_files": {"test": str(tmp_path / "none.jsonl")}}})
    (tmp_path / "tasks" / "needs.py").write_text("import a_package_that_is_not_there\n")
    (tmp_path / "tasks" / "there.yaml").write_text("task: there\ndoc_to_text: !function needs.text\n")
    workload = Workload(name="there", benchmark="there", metric="acc,none", margin=0.02)
    with pytest.raises(InvalidSubmissionError, match="a_package_that_is_not_there") as caught:
        lm_eval_loading.load_tasks(workload)
    assert caught.value.remedy == "pip install a_package_that_is_not_there"


@pytest.mark.parametrize("benchmark", ["humaneval", "mbpp", "longproc_countdown"])
def test_a_judge_that_runs_what_the_model_wrote_is_refused_before_it_is_imported(benchmark: str) -> None:
    workload = Workload(name="code", benchmark=benchmark, metric="pass@1,none", margin=0.1)
    found = [name for name in stock_names() if name.startswith(benchmark)]
    with pytest.raises(InvalidSubmissionError, match="running what the model wrote"):
        load_tasks(replace(workload, benchmark=found[0]))
