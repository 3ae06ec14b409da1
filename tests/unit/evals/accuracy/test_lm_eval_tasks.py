"""Benchmarks that lm-eval itself runs, over small local ones: what is asked and judged is lm-eval's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.accuracy import definitions, lm_eval_loading
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import stock_names
from evals.accuracy.lm_eval_loading import load_tasks
from evals.accuracy.lm_eval_tasks import LmEvalBenchmark
from evals.accuracy.questions import ChoiceRequest, Question
from evals.errors import DatasetError, InvalidSubmissionError
from evals.protocol import GenerationRequest
from evals.result import Response, Score
from evals.spec import Api, DataSource, Workload

ROWS = [
    {"q": f"question {n}?", "options": ["red", "green", "deep blue"], "label": n % 3, "gold": str(n)} for n in range(5)
]
CHOICE = {
    "output_type": "multiple_choice", "doc_to_text": "{{q}}\nAnswer:", "doc_to_choice": "{{options}}",
    "doc_to_target": "label", "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
}  # fmt: skip
TEXT = {
    "output_type": "generate_until", "doc_to_text": "{{q}}", "doc_to_target": "{{gold}}",
    "generation_kwargs": {"until": ["\n"], "max_gen_toks": 9}, "metric_list": [{"metric": "exact_match"}],
    "filter_list": [{"name": "number", "filter": [
        {"function": "regex", "regex_pattern": "(\\d+)"},
        {"function": "map", "mapping_dict": {"9": "1"}, "default_value": "[invalid]"},
        {"function": "take_first"},
    ]}],
}  # fmt: skip

Loader = Callable[..., LmEvalBenchmark]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Return what writes a definition with its rows and loads it as a benchmark named "here"."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    for module in (definitions, lm_eval_loading):
        monkeypatch.setattr(module, "OWN_TASKS", folder)

    def loaded(
        definition: dict[str, Any], *, rows: list[dict[str, Any]] | None = None, **settings: Any
    ) -> LmEvalBenchmark:
        write(folder, "here", definition, rows if rows is not None else ROWS)
        workload = Workload(name="here", benchmark="here", metric="acc,none", margin=0.02)
        benchmark = load_benchmark(replace(workload, **settings), data_folder=None)
        assert isinstance(benchmark, LmEvalBenchmark)
        return benchmark

    return loaded


def write(folder: Path, name: str, definition: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {"data_files": {"test": str(file)}, "cache_dir": str(folder / "cache")}
    # A setting that only lm-eval honours, so that it is lm-eval who runs this.
    own = {"task": name, "dataset_path": "json", "dataset_kwargs": data, "test_split": "test", "doc_to_audio": None}
    (folder / f"{name}.yaml").write_text(json.dumps(own | definition))


def answered(question: Question, text: str = "", likelihoods: tuple[float, ...] | None = None, **more: Any) -> Response:
    return Response(
        key=question.key, prompt_sha256=question.prompt_sha256, text=text, finish_reason="stop", prompt_tokens=1,
        completion_tokens=1, sent_at=0.0, ended_at=1.0, log_probabilities=likelihoods,
        greedy=None if likelihoods is None else tuple(False for _ in likelihoods), **more,
    )  # fmt: skip


def by_metric(scores: list[Score]) -> dict[tuple[int, str], float]:
    return {(score.doc_id, score.metric): score.value for score in scores}


def theirs(benchmark: LmEvalBenchmark, results: dict[int, list[Any]]) -> dict[tuple[int, str], float]:
    """Let lm-eval filter and judge the results of each item's instances."""
    (task,) = benchmark._tasks.values()
    scores: dict[tuple[int, str], float] = {}
    for doc_id, values in results.items():
        instances = [instance for instance in task.instances if instance.doc_id == doc_id]
        for instance, value in zip(instances, values, strict=True):
            instance.resps = [value]
    task.apply_filters()
    for pipeline in task._filters:
        for doc_id in results:
            instances = [instance for instance in task.instances if instance.doc_id == doc_id]
            found = task.process_results(instances[0].doc, [i.filtered_resps[pipeline.name] for i in instances])
            scores |= {(doc_id, f"{name},{pipeline.name}"): float(value) for name, value in found.items()}
    return scores


def test_choices_of_one_context_are_one_question_judged_as_by_lm_eval(load: Loader) -> None:
    benchmark = load(CHOICE)
    questions = benchmark.questions()
    assert len(questions) == 5
    assert questions[1].request == ChoiceRequest(
        context="question 1?\nAnswer:", continuations=(" red", " green", " deep blue")
    )
    drawn = [(-1.0, -2.0, -5.0), (-4.0, -4.0, -4.0), (-3.0, -4.0, -6.0), (-9.0, -1.0, -1.0), (-2.0, -2.0, -6.9)]
    answers = {q.key: answered(q, likelihoods=values) for q, values in zip(questions, drawn, strict=True)}
    scores = benchmark.judge(answers)
    assert by_metric(scores) == theirs(
        benchmark, {number: [(value, False) for value in values] for number, values in enumerate(drawn)}
    )
    assert {score.metric for score in scores} == {"acc,none", "acc_norm,none"}
    assert [benchmark.judge_one(q, answers[q.key]) for q in questions] == [
        score.value for score in scores if score.metric == "acc,none"
    ]


def test_generated_answers_are_filtered_and_judged_as_by_lm_eval(load: Loader) -> None:
    benchmark = load(TEXT, metric="exact_match,number")
    questions = benchmark.questions()
    request = questions[2].request
    assert isinstance(request, GenerationRequest)
    assert (request.prompt, request.stop, request.max_tokens, request.temperature) == ("question 2?", ("\n",), 9, 0)
    texts = ["9", "it is 9", "", "9 or 2", "x" * 1000]
    answers = {q.key: answered(q, text) for q, text in zip(questions, texts, strict=True)}
    assert by_metric(benchmark.judge(answers)) == theirs(benchmark, {n: [text] for n, text in enumerate(texts)})
    assert benchmark.judge_one(questions[1], answers[questions[1].key]) == 1.0


def test_choices_in_contexts_of_their_own_are_questions_of_their_own_in_lm_evals_order(load: Loader) -> None:
    definition = CHOICE | {
        "doc_to_text": "label", "doc_to_choice": "{{options}}", "doc_to_target": "{{q}}",
        "metric_list": [{"metric": "acc"}],
    }  # fmt: skip
    rows = [row | {"options": ["it is red", "it is blue", "it is red"]} for row in ROWS]
    benchmark = load(definition, rows=rows)
    questions = benchmark.questions()
    assert [(q.key.doc_id, q.key.request_index) for q in questions[:4]] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    drawn = {number: [(-2.0, False), (-3.0, False), (-1.0, False)] for number in range(5)}
    answers = {q.key: answered(q, likelihoods=(drawn[q.key.doc_id][q.key.request_index][0],)) for q in questions}
    assert by_metric(benchmark.judge(answers)) == theirs(benchmark, drawn)
    assert [benchmark.judge_one(q, answers[q.key]) for q in questions] == [None] * 15


def test_a_metric_over_all_items_is_left_out_unless_it_is_the_one_that_decides(load: Loader) -> None:
    definition = CHOICE | {"metric_list": [{"metric": "acc"}, {"metric": "f1"}]}
    benchmark = load(definition)
    questions = benchmark.questions()
    answers = {q.key: answered(q, likelihoods=(-1.0, -2.0, -3.0)) for q in questions}
    assert {score.metric for score in benchmark.judge(answers)} == {"acc,none"}
    deciding = load(definition, metric="f1,none")
    with pytest.raises(InvalidSubmissionError, match="measures f1,none over all items at once"):
        deciding.judge_one(questions[0], answers[questions[0].key])


def test_repeats_are_judged_one_by_one_and_thoughts_are_no_answer(load: Loader) -> None:
    benchmark = load(TEXT, metric="exact_match,number", repeats=2, temperature=0.5, think_end="</think>", limit=2)
    questions = benchmark.questions()
    assert [(q.key.doc_id, q.key.repeat) for q in questions] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    answers = {q.key: answered(q, "9" if q.key.repeat else "<think>9</think>none") for q in questions}
    found = {(score.doc_id, score.repeat): (score.value, score.parsed) for score in benchmark.judge(answers)}
    assert (found[(1, 0)][0], found[(1, 1)]) == (0.0, (1.0, True))


def test_worked_examples_are_the_same_at_each_loading(load: Loader) -> None:
    definition = TEXT | {"fewshot_split": "test"}
    prompts = [[q.prompt for q in load(definition, few_shot=2).questions()] for _ in range(2)]
    assert prompts[0] == prompts[1]
    assert prompts[0][0].count("question ") == 3
    assert len(set(prompts[0])) == 5


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
