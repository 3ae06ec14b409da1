"""Load lm-eval's own tasks by a benchmark's name, and refuse those that engines cannot be asked.

lm-eval's index is made of the folder that defines the benchmark alone: indexing all 14,683 tasks takes twenty seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.accuracy.datasets.files import digest_of
from evals.accuracy.definitions import OWN_TASKS, stock_file
from evals.errors import DatasetError, InvalidSubmissionError
from evals.spec import Api, DataSource, Workload, digest


def load_tasks(workload: Workload) -> dict[str, Any]:
    """Return lm-eval's task objects of a benchmark by name, with their items.

    Raises InvalidSubmissionError, before and after loading, for what the workload cannot have; DatasetError when the
    items cannot be had.
    """
    if workload.data is not DataSource.HUB:
        raise _refused(workload, "can only be read from the hub", "set data to hub", "data")
    if workload.revision is not None:
        raise _refused(workload, "is read at the revision its definition names", "leave revision out", "revision")
    tasks = _loaded(workload)
    _check_tasks(workload, list(tasks.values()))
    return tasks


def checksum_of(task: Any) -> str:
    """Return a checksum of a task's items; `datasets` has one that changes with the time of the download."""
    docs = task.eval_docs
    rows = docs.with_format("arrow")[:].to_pylist() if hasattr(docs, "with_format") else list(docs)
    try:
        return digest_of(rows)
    except TypeError:  # decimals and other values that JSON does not have
        return digest(repr(rows))


def _loaded(workload: Workload) -> dict[str, Any]:
    from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
    from lm_eval.tasks import TaskManager

    file = stock_file(workload.benchmark)
    _refuse_unsafe(workload, file)
    folder = OWN_TASKS if file is None else file.parent
    try:
        try:
            return _tasks_in(TaskManager(include_path=[str(folder)], include_defaults=False), workload)
        except KeyError:
            return _tasks_in(TaskManager(), workload)  # a group whose tasks lie elsewhere
    except ImportError as error:
        needed = error.name or "it"
        raise _refused(workload, f"needs a package that is not installed: {error}", f"pip install {needed}") from error
    # From datasets 4 on, a dataset that is a script is a RuntimeError.
    except (DatasetGenerationError, DatasetNotFoundError, OSError, ValueError, RuntimeError) as error:
        raise DatasetError(
            f"the items of benchmark {workload.benchmark!r} cannot be loaded: {type(error).__name__}: {error}",
            remedy="check the connection to the hub (HF_ENDPOINT, HF_HUB_OFFLINE)",
        ) from error


_RUNS_ANSWERS = ("unsafe_code: true", "longproc")
"""What stands in definitions whose judges run what the model wrote: lm-eval's mark, and a family without it."""


def _refuse_unsafe(workload: Workload, file: Path | None) -> None:
    """Refuse definitions whose judges run a model's answers as code, before anything of theirs is imported."""
    texts = [] if file is None else [file.read_text(), *(path.read_text() for path in file.parent.glob("*yaml"))]
    if any(mark in text for mark in _RUNS_ANSWERS for text in texts):
        raise _refused(workload, "is judged by running what the model wrote, on the worker", "choose another benchmark")


def _tasks_in(manager: Any, workload: Workload) -> dict[str, Any]:
    tasks: dict[str, Any] = manager.load([workload.benchmark])["tasks"]
    if workload.few_shot is not None:
        for task in tasks.values():
            task.set_config(key="num_fewshot", value=workload.few_shot)
    return tasks


def _check_tasks(workload: Workload, tasks: list[Any]) -> None:
    kinds = {str(task.OUTPUT_TYPE) for task in tasks}
    if any(getattr(task, "UNSAFE_CODE", False) for task in tasks):
        raise _refused(workload, "is judged by running what the model wrote, on the worker", "choose another benchmark")
    pictures = any(task.config.doc_to_image for task in tasks)
    if "loglikelihood_rolling" in kinds:
        raise _refused(workload, "measures perplexity, which engines are not asked for", "choose another benchmark")
    if any((task.config.repeats or 1) > 1 for task in tasks):
        raise _refused(
            workload, "judges several answers to an item as one", "choose a benchmark that asks once, and set repeats"
        )
    if any(task.config.doc_to_audio for task in tasks):
        raise _refused(workload, "plays sounds, which are not sent to engines", "choose a benchmark without")
    if pictures and any(task.config.num_fewshot for task in tasks):
        raise _refused(workload, "shows pictures, and worked examples have none", "set few_shot to 0", "few_shot")
    if pictures and workload.api is not Api.CHAT:
        raise _refused(workload, "shows pictures, which completions cannot carry", "set api to chat", "api")
    if workload.api is Api.CHAT and kinds != {"generate_until"}:
        raise _refused(workload, "compares log-probabilities, which chats do not give", "set api to completions", "api")


def _refused(workload: Workload, why: str, remedy: str, field: str = "benchmark") -> InvalidSubmissionError:
    return InvalidSubmissionError(f"{workload.benchmark} {why}", remedy=remedy, field=field)
