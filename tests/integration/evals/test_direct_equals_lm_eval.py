"""What is run without lm-eval is what lm-eval would run: every prompt and every score, at full size.

The data are not part of the repository: PLUMBLINE_TEST_DATA names a folder with gsm8k and mmlu in it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.definitions import Definition, direct_definitions
from evals.accuracy.direct import DirectBenchmark
from evals.accuracy.questions import ChoiceRequest
from evals.protocol import GenerationRequest
from evals.result import Response, Score
from evals.spec import DataSource, Workload
from tests.data import full_data


@pytest.fixture(autouse=True)
def _fast_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lm-eval compile each template once: it compiles them for every item, which takes minutes at full size."""
    from lm_eval import utils

    monkeypatch.setattr(utils.env, "from_string", lru_cache(maxsize=None)(utils.env.from_string))


def workload(benchmark: str, **settings: Any) -> Workload:
    return Workload(name=benchmark, benchmark=benchmark, metric="", margin=0.0, data=DataSource.LOCAL, **settings)


def ours(of: Workload) -> DirectBenchmark:
    benchmark = load_benchmark(of, data_folder=full_data("gsm8k", "mmlu"))
    assert isinstance(benchmark, DirectBenchmark)
    return benchmark


def theirs(of: Workload, benchmark: DirectBenchmark, folder: Path) -> Iterator[Any]:
    """Yield lm-eval's task object of each definition, with its requests built from the same items."""
    from lm_eval.api.task import ConfigurableTask

    for definition in direct_definitions(of.benchmark) or []:
        task = ConfigurableTask(config=definition.config | data_of(definition, benchmark, folder))
        if of.few_shot is not None:
            task.set_config(key="num_fewshot", value=of.few_shot)
        task.set_fewshot_seed(seed=of.seed)
        task.build_all_requests(limit=of.limit, rank=0, world_size=1)
        yield task


def data_of(definition: Definition, benchmark: DirectBenchmark, folder: Path) -> dict[str, Any]:
    config = definition.config
    files = {}
    for split in (config["test_split"], config["fewshot_split"]):
        rows = benchmark._tasks[definition.name]._dataset.rows(config.get("dataset_name"), split)
        files[split] = folder / f"{definition.name}.{split}.jsonl"
        files[split].write_text("".join(json.dumps(row) + "\n" for row in rows))
    paths = {split: str(path) for split, path in files.items()}
    return {
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": paths, "cache_dir": str(folder)},
        "training_split": None,
        "tag": None,
    }


def answer(question: Any, text: str = "", likelihoods: Sequence[float] | None = None) -> Response:
    return Response(
        key=question.key, prompt_sha256=question.prompt_sha256, text=text, finish_reason="stop", prompt_tokens=1,
        completion_tokens=1, sent_at=0.0, ended_at=1.0,
        log_probabilities=tuple(likelihoods) if likelihoods else None,
        greedy=tuple(False for _ in likelihoods) if likelihoods else None,
    )  # fmt: skip


def test_gsm8k_asks_and_judges_as_lm_eval_does(tmp_path: Path) -> None:
    of = workload("gsm8k")
    benchmark = ours(of)
    (task,) = theirs(of, benchmark, tmp_path)
    questions = benchmark.questions()
    assert len(questions) == len(task.instances) == 1319
    for question, instance in zip(questions, task.instances, strict=True):
        request = question.request
        assert isinstance(request, GenerationRequest)
        assert question.prompt == instance.args[0]
        assert (request.temperature, list(request.stop)) == (0.0, instance.args[1]["until"])
    texts = list(hostile_answers([doc["answer"].split("#### ")[1] for doc in task.eval_docs]))
    answers = {question.key: answer(question, text) for question, text in zip(questions, texts, strict=True)}
    assert by_metric(benchmark.judge(answers)) == their_scores(task, [[text] for text in texts])


@pytest.mark.parametrize(
    ("name", "few_shot"),
    [
        pytest.param("mmlu", 5, marks=pytest.mark.slow),
        pytest.param("mmlu_generative", 5, marks=pytest.mark.slow),
        pytest.param("mmlu_continuation", 0, marks=pytest.mark.slow),
    ],
)
def test_mmlu_asks_and_judges_as_lm_eval_does(name: str, few_shot: int, tmp_path: Path) -> None:
    of = workload(name, few_shot=few_shot)
    benchmark = ours(of)
    generator = random.Random(7)
    by_task: dict[str, list[Any]] = {}
    for question in benchmark.questions():
        by_task.setdefault(question.key.task, []).append(question)
    seen = 0
    for task in theirs(of, benchmark, tmp_path):
        questions = by_task[task.config.task]
        instances = task.instances
        answers, results = {}, []
        for number, question in enumerate(questions):
            request = question.request
            if isinstance(request, ChoiceRequest):
                group = instances[4 * number : 4 * number + 4]
                assert [(question.prompt, text) for text in request.continuations] == [i.args for i in group]
                drawn = [round(generator.uniform(-9, 0), 1) for _ in group]
                results += [(value, False) for value in drawn]
                answers[question.key] = answer(question, likelihoods=drawn)
            else:
                assert question.prompt == instances[number].args[0]
                assert list(request.stop) == instances[number].args[1]["until"]
                text = generator.choice([" A", "B\n", " c ", "(D)", "", "A.", " B \nC", "\n A"])
                results.append(text)
                answers[question.key] = answer(question, text)
        mine = [score for q in questions for score in benchmark._scores(q, answers[q.key])]
        assert by_metric(mine) == their_scores(task, [[result] for result in results])
        seen += len(questions)
    assert seen == 14042


def hostile_answers(golds: Sequence[str]) -> Iterator[str]:
    forms = [
        " #### {}", "The answer is {}.", " {} #### 7", "", "   ", "#### {}.00", "####{}", "#### -{}", "${}", "{},000",
        "#### 1,2,3 then {}", "no number", "\u05d0\u05d1 #### {}", "#### {}\n\nQuestion: next #### 1", "x" * 100_000,
    ]  # fmt: skip
    for number, gold in enumerate(golds):
        yield forms[number % len(forms)].format(gold)


def by_metric(scores: Sequence[Score]) -> dict[tuple[int, str], tuple[float, bool]]:
    return {(score.doc_id, score.metric): (score.value, score.parsed) for score in scores}


def their_scores(task: Any, responses: Sequence[list[Any]]) -> dict[tuple[int, str], tuple[float, bool]]:
    for instance, response in zip(task.instances, responses, strict=True):
        instance.resps = response
    task.apply_filters()
    scores = {}
    by_doc: dict[int, list[Any]] = {}
    for instance in task.instances:
        by_doc.setdefault(instance.doc_id, []).append(instance)
    for pipeline in task._filters:
        for doc_id, instances in by_doc.items():
            filtered = [instance.filtered_resps[pipeline.name] for instance in instances]
            for name, value in task.process_results(instances[0].doc, filtered).items():
                scores[(doc_id, f"{name},{pipeline.name}")] = (float(value), said(filtered[0]))
    return scores


def said(filtered: Any) -> bool:
    """Tell whether anything was found: an empty text is nothing, whatever lm-eval calls it."""
    return str(filtered).strip() not in ("", "[invalid]")
