"""Which check catches which fault: greedy text alone, accuracy alone, and parity, each on real SGLang and transformers.

Each fault is a class, template or configuration of `demo/planted_faults`; the correct models are measured beside them.
Everything runs on the CPU in float32.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from db.settings import Settings, settings
from demo.planted_faults.mistral_copy import copy_as_mistral
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.datasets import DEMO_DATA
from evals.accuracy.harness import Observer, run_accuracy
from evals.client import EngineClient
from evals.compare import compare_workload
from evals.parity.asking.observing import ParityListener, observe
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.asking.spelling import speller
from evals.parity.judging.judge import judge_parity
from evals.parity.records import Mode, Observation
from evals.parity.settings import ParitySettings
from evals.plan import load_suite
from evals.result import Score
from evals.spec import EngineSpec, ModelSpec, Workload
from workers.server import Server, running

DEMO = DEMO_DATA.parent
FAULTS = DEMO / "planted_faults"
TEXT, VISION, WINDOWED = "demo-llm", "demo-vlm", "demo-llm as a Mistral with a window of 64"
CONCURRENCY = 16


@dataclass(frozen=True, kw_only=True)
class Case:
    """Name a model and how SGLang serves it wrongly; package None means SGLang's own class.

    chat_template: what the candidate's copy of the model has in place of its own.
    """

    name: str
    model: str = TEXT
    package: Path | None = None
    architecture: str | None = None
    chat_template: Path | None = None


CASES = (
    Case(name="none: the correct model"),
    Case(name="square root of the positive logits", package=DEMO / "llama_wrapper", architecture="LlamaWrapper"),
    Case(name="one layer's weights 1 % off", package=FAULTS, architecture="OneLayerOffLlama"),
    Case(name="wrong RoPE base", package=FAULTS, architecture="WrongRopeBaseLlama"),
    Case(name="missing final norm", package=FAULTS, architecture="NoFinalNormLlama"),
    Case(name="swapped roles in the chat template", chat_template=FAULTS / "swapped_roles.jinja"),
    Case(name="none: the correct vision model", model=VISION),
    Case(name="image features off by one token", model=VISION, package=FAULTS, architecture="ShiftedImageQwen"),
    Case(name="none: a class that heeds the window", model=WINDOWED, package=FAULTS, architecture="WindowedMistral"),
    Case(name="sliding window ignored (SGLang's own class)", model=WINDOWED),
)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Hold what one server said: its parity observation, and its scores on the demo benchmark."""

    observation: Observation
    scores: list[Score]


def measure(only: Sequence[str] = ()) -> dict[str, Any]:
    """Return a row for each case: the verdict of text, accuracy and parity, and parity's failed checks."""
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        folders = {TEXT: DEMO / "demo-llm", VISION: DEMO / "demo-vlm"}
        folders[WINDOWED] = copy_as_mistral(folders[TEXT], Path(scratch) / "demo-mistral")
        for model, folder in folders.items():
            cases = [case for case in CASES if case.model == model and (not only or case.name in only)]
            if not cases:
                continue
            asked = Asked(folder, images=model == VISION)
            reference = asked.of(EngineSpec(kind="hf"), folder)
            for case in cases:
                served = _served(folder, case, Path(scratch))
                rows[case.name] = asked.row(asked.of(_spec(case), served), reference)
                print(f"{case.name}: {rows[case.name]}", file=sys.stderr, flush=True)
    return rows


class Asked:
    """Ask servers of one model the same, and compare them."""

    def __init__(self, folder: Path, *, images: bool) -> None:
        self._settings = ParitySettings(images=images, self_checks=False)
        self._prompts: PromptSet = prompt_set(self._settings, folder)
        self._workload = load_suite("demo-vision" if images else "demo")[0]
        self._spell = speller(folder)

    def of(self, engine: EngineSpec, folder: Path) -> Heard:
        """Start the engine on a model's folder, and return what it says."""
        with _launched(engine, ModelSpec(path=str(folder))) as server:
            connect = partial(EngineClient, server.base_url, model=server.served_model, concurrency=CONCURRENCY)
            listener = ParityListener(on_record=lambda _: None, on_progress=lambda *_: None, check=lambda: None)
            observation = observe(self._prompts, self._settings, connect=connect, full=False, known=None, hear=listener)
            return Heard(observation=observation, scores=_scores(self._workload, connect))

    def row(self, candidate: Heard, reference: Heard) -> dict[str, Any]:
        """Return what each way of checking says about a candidate."""
        result = judge_parity(
            "parity",
            self._settings,
            candidate=candidate.observation,
            baseline=reference.observation,
            reference=None,
            chunked=None,
            dtype="float32",
            spell=self._spell,
        )
        accuracy = compare_workload(workload=self._workload, candidate=candidate.scores, baseline=reference.scores)[0]
        return {
            "classic prompts": _same_texts(candidate, reference, prefix="classic/"),
            "all greedy texts": _same_texts(candidate, reference, prefix=""),
            "accuracy": f"{accuracy.verdict}: {accuracy.difference}",
            "parity": str(result.verdict),
            "failed": [check.name for check in result.checks if check.verdict == "fail"],
            "values": {check.name: check.value for check in result.checks},
            "headline": result.headline,
        }


def _served(folder: Path, case: Case, scratch: Path) -> Path:
    """Return the folder that the candidate serves: the model's own, or a copy with another chat template."""
    if case.chat_template is None:
        return folder
    copy = Path(shutil.copytree(folder, scratch / "another-template"))
    shutil.copy(case.chat_template, copy / "chat_template.jinja")
    return copy


def _launched(engine: EngineSpec, model: ModelSpec) -> AbstractContextManager[Server]:
    permitted = Settings(home=settings().home, external_code_roots=str(DEMO))
    return running(engine, model, settings=permitted, job_id="planted-faults")


def _spec(case: Case) -> EngineSpec:
    return EngineSpec(
        kind="sglang",
        external_package=None if case.package is None else str(case.package),
        architectures=() if case.architecture is None else (case.architecture,),
    )


def _scores(workload: Workload, connect: partial[EngineClient]) -> list[Score]:
    observer = Observer(on_response=lambda *_: None, on_progress=lambda _: None, check=lambda: None)
    benchmark = load_benchmark(workload, data_folder=None)
    return run_accuracy(workload, benchmark, connect=connect, answered={}, observer=observer).scores


def _same_texts(candidate: Heard, reference: Heard, *, prefix: str) -> str:
    ours, theirs = _texts(candidate, prefix), _texts(reference, prefix)
    same = sum(ours.get(name) == text for name, text in theirs.items())
    return f"{same} of {len(theirs)} equal"


def _texts(heard: Heard, prefix: str) -> dict[str, str]:
    return {
        record.prompt: record.text
        for record in heard.observation.records
        if record.mode is Mode.ALONE and record.prompt.startswith(prefix)
    }
