"""Read the job, convert its items, judge what was answered before, ask the rest."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from sgl_eval import VENDORED_NS_ROOT, __version__
from sgl_eval.cli import build_parser
from sgl_eval.preset import ResolvedRunInputs, resolve_run_inputs
from sgl_eval.registry import EvalSpec, get
from sgl_eval.types import Example, GenConfig

from .asking import ListeningSampler, RememberingSampler
from .conversion import Items, convert
from .records import HidingFormatter, Records

KEY = "HARNESS_API_KEY"
NO_KEY = "EMPTY"

Pair = tuple[int, int]


def main(job_path: str) -> int:
    """Do one job; return 0 when every answer has been judged."""
    key = os.environ.pop(KEY, NO_KEY)
    _log_without(key)
    job = json.loads(Path(job_path).read_text())
    folder = Path(job_path).parent
    records = Records(folder / "records.jsonl", hidden=key)
    arguments = build_parser().parse_args(job["arguments"])
    inputs = resolve_run_inputs(arguments, get)
    spec = get(inputs.benchmark)
    items = _converted(inputs.benchmark, folder, records)
    sampler = ListeningSampler(inputs.base_url, inputs.model, key, tries=job["tries"], refuse=records.refuse)
    records.start(_origin(), sampler.settings(inputs.gen), items)
    run = _Run(spec, inputs, arguments, items.examples, records)
    stored = {(answer["doc_id"], answer["repeat"]): answer for answer in _lines(folder / "answered.jsonl")}
    known = run.judge_again(stored, sampler.settings)
    run.ask(sampler, known)
    records.done()
    return 0


class _Run:
    """Run the benchmark over chosen items, each once: a repeat is a run of its own, with the next seed."""

    def __init__(
        self,
        spec: EvalSpec,
        inputs: ResolvedRunInputs,
        arguments: argparse.Namespace,
        examples: dict[int, Example],
        records: Records,
    ) -> None:
        self._spec = spec
        self._inputs = inputs
        self._threads = arguments.num_threads or spec.default_num_threads
        self._examples = examples
        self._records = records

    def judge_again(self, stored: dict[Pair, dict[str, Any]], settings: Callable[..., dict[str, Any]]) -> set[Pair]:
        """Judge stored answers without asking; return those whose request is still the same."""
        known: set[Pair] = set()
        for repeat in range(self._inputs.n_repeats):
            wanted = [doc_id for doc_id in self._examples if (doc_id, repeat) in stored]
            # One thread asks in order, which tells the sampler whose prompt it sees.
            sampler = RememberingSampler([stored[doc_id, repeat] for doc_id in wanted], settings)
            self._run(sampler, wanted, repeat, threads=1, known=known)
        return known

    def ask(self, sampler: ListeningSampler, known: set[Pair]) -> None:
        """Ask and judge all that is not known."""
        for repeat in range(self._inputs.n_repeats):
            wanted = [doc_id for doc_id in self._examples if (doc_id, repeat) not in known]
            self._run(sampler, wanted, repeat, threads=self._threads, known=known)

    def _run(self, sampler: Any, wanted: list[int], repeat: int, *, threads: int, known: set[Pair]) -> None:
        if not wanted:
            return
        self._spec.run(
            sampler=sampler,
            gen=_for_repeat(self._inputs.gen, repeat),
            n_repeats=1,
            num_examples=None,
            num_threads=threads,
            predictions_writer=self._writer(repeat, known),
            load_examples=lambda _: [self._examples[doc_id] for doc_id in wanted],
            bench_args={},
            prompt_yaml=None,
        )

    def _writer(self, repeat: int, known: set[Pair]) -> Callable[..., None]:
        def write(example: Example, _: int, sample: Any, score: float, extracted: str | None) -> None:
            if self._records.judged(example, repeat, sample, score, extracted):
                known.add((int(example.id), repeat))

        return write


def _for_repeat(gen: GenConfig, repeat: int) -> GenConfig:
    return gen if gen.seed is None else replace(gen, seed=gen.seed + repeat)


def _converted(benchmark: str, folder: Path, records: Records) -> Items:
    try:
        return convert(benchmark, list(_lines(folder / "items.jsonl")), folder)
    except Exception as error:  # noqa: BLE001  # whatever sgl-eval's converters raise, the items are at fault
        return records.fail("items", f"{type(error).__name__}: {error}")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _origin() -> dict[str, str]:
    sources = yaml.safe_load((VENDORED_NS_ROOT / "SOURCES.yaml").read_text())
    return {"version": __version__, "nemo_skills": sources["synced_from_sha"]}


def _log_without(key: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(HidingFormatter("%(asctime)s %(name)s %(levelname)s %(message)s", hidden=key))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
