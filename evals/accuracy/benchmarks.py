"""Make lm-eval task objects: stock definitions, pointed at the items that were found and cut to the workload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.accuracy.datasets import Dataset
from evals.errors import DatasetError, InvalidSubmissionError
from evals.spec import Workload

OWN_TASKS = Path(__file__).resolve().parent / "tasks"
"""Our own definitions, one NAME.yaml each in lm-eval's form; they go before lm-eval's."""

_STOCK = {"gsm8k": "gsm8k/gsm8k.yaml"}
"""Files of lm-eval's own definitions. Opening one by name avoids the index of all 14,683, which took 22 seconds."""


def load_task(workload: Workload, dataset: Dataset) -> Any:
    """Return the lm-eval task of a workload with its items loaded.

    Raises InvalidSubmissionError for an unknown benchmark and DatasetError when the items cannot be loaded.
    """
    import lm_eval
    from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    definition = _definition(workload.benchmark, Path(lm_eval.__file__).parent / "tasks")
    config = load_yaml(definition, resolve_func=True, recursive=True) | dataset.overrides | _settings(workload)
    config.pop("tag", None)
    try:
        task = ConfigurableTask(config=config)
    except (DatasetGenerationError, DatasetNotFoundError, OSError, ValueError, KeyError) as error:
        raise DatasetError(
            f"the items of benchmark {workload.benchmark!r} cannot be loaded: {error}",
            remedy="check the files named in the error, or the connection to the hub (HF_ENDPOINT, HF_HUB_OFFLINE)",
        ) from error
    _apply_sampling(task, workload)
    return task


def _definition(benchmark: str, stock: Path) -> Path:
    own = {path.stem: path for path in OWN_TASKS.glob("*.yaml")}
    known = {name: stock / place for name, place in _STOCK.items()} | own
    if benchmark not in known:
        raise InvalidSubmissionError(
            f"unknown benchmark {benchmark!r}", remedy=f"the benchmarks are: {', '.join(sorted(known))}"
        )
    return known[benchmark]


def _settings(workload: Workload) -> dict[str, Any]:
    return {} if workload.few_shot is None else {"num_fewshot": workload.few_shot}


def _apply_sampling(task: Any, workload: Workload) -> None:
    chosen: dict[str, Any] = {}
    if workload.max_tokens is not None:
        chosen["max_gen_toks"] = workload.max_tokens
    if workload.temperature is not None:
        chosen |= {"temperature": workload.temperature, "do_sample": workload.temperature > 0}
    if chosen:
        task.set_config(key="generation_kwargs", value=chosen, update=True)
