"""A small set of prompts, and a listener that keeps what it hears."""

from __future__ import annotations

from collections import Counter
from typing import Any

from evals.parity.asking.observing import ParityListener, observe
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet
from evals.parity.records import Mode, Observation, Record, Tokenized
from evals.parity.settings import ParitySettings
from tests.unit.evals.parity.asking.scripted_server import Script, client_for, serving

SETTINGS = ParitySettings(top_k=2, compared_k=1, decode_tokens=2)
MESSAGES = ({"role": "user", "content": "hi"},)
PROMPTS = PromptSet(
    prompts=(
        Prompt(name="classic/a", ids=(97, 98), text="ab"),
        Prompt(name="chat/b", ids=(5, 6, 7), messages=MESSAGES),
        Prompt(name="length/40", ids=tuple(range(100, 140))),
        Prompt(name="length/60", ids=tuple(range(100, 160))),
    ),
    left_out={"chat/z": "the chat template refuses it"},
)


class Ear:
    """Remember what a listener hears."""

    def __init__(self) -> None:
        self.heard: list[Record | Tokenized] = []
        self.progress: list[tuple[int, int]] = []

    def listener(self, check: Any = lambda: None) -> ParityListener:
        return ParityListener(
            on_record=self.heard.append,
            on_progress=lambda done, total: self.progress.append((done, total)),
            check=check,
        )


def observed(script: Script, ear: Ear | None = None, **changes: Any) -> Observation:
    arguments: dict[str, Any] = {"full": True, "known": None, "hear": (ear or Ear()).listener()}
    with serving(script) as url:
        prompts, settings = changes.pop("prompts", PROMPTS), changes.pop("settings", SETTINGS)
        return observe(prompts, settings, connect=lambda: client_for(url), **(arguments | changes))


def modes(observation: Observation) -> Counter[Mode]:
    return Counter(record.mode for record in observation.records)


def generated(script: Script) -> list[dict[str, Any]]:
    return script.bodies("/generate")
