"""Build an item's prompt from its definition: description, worked examples and the question, as lm-eval does.

A prompt is first a list of turns, each with what follows it in plain text; from these come the text of a completion
or the messages of a chat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from evals.accuracy.templates import Item, choices_of, render, target_of, text_of

Sampler = Callable[[Item], Sequence[Item]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says, and what separates it from the next turn in plain text."""

    role: str
    content: str
    separator: str = ""


@dataclass(frozen=True, kw_only=True)
class PromptForm:
    """How a task writes its prompts: lm-eval's settings of the same names."""

    doc_to_text: Any
    doc_to_target: Any
    doc_to_choice: Any
    description: str
    target_delimiter: str
    fewshot_delimiter: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> PromptForm:
        """Read a definition's settings, with lm-eval's defaults."""
        return cls(
            doc_to_text=config.get("doc_to_text"),
            doc_to_target=config.get("doc_to_target"),
            doc_to_choice=config.get("doc_to_choice"),
            description=config.get("description") or "",
            target_delimiter=config.get("target_delimiter", " "),
            fewshot_delimiter=config.get("fewshot_delimiter", "\n\n"),
        )

    def question(self, item: Item) -> str:
        """Return the item's question."""
        return text_of(self.doc_to_text, item)

    def choices(self, item: Item) -> list[str]:
        """Return the item's choices."""
        return choices_of(self.doc_to_choice, item)

    def target(self, item: Item) -> Any:
        """Return the item's answer: a text, or with choices an index."""
        return target_of(self.doc_to_target, item, has_choices=self.doc_to_choice is not None)

    def turns(self, item: Item, examples: Sequence[Item]) -> list[Turn]:
        """Return the turns of an item's prompt, the last of which is its question."""
        description = render(self.description, item)
        opening = [Turn("system", description)] if description else []
        shown = [turn for example in examples for turn in self._worked(example)]
        return [*opening, *shown, Turn("user", self.question(item))]

    def _worked(self, example: Item) -> tuple[Turn, Turn]:
        answer = self.target(example)
        if self.doc_to_choice is not None and isinstance(answer, int):
            answer = self.choices(example)[answer]
        elif isinstance(answer, list):
            answer = answer[0]
        question = Turn("user", self.question(example), self.target_delimiter)
        return question, Turn("assistant", str(answer), self.fewshot_delimiter)


def as_text(turns: Sequence[Turn]) -> str:
    """Return a prompt as the text of a completion."""
    return "".join(turn.content + turn.separator for turn in turns)


def as_messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return a prompt as the messages of a chat, each worked example a turn of both sides."""
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def examples_drawer(pool: Sequence[Item], count: int, *, first: bool, seed: int, from_test: bool) -> Sampler:
    """Return what chooses the worked examples of one item after the other.

    first: the pool's first ones; otherwise a random draw for each item, from one generator, so that the order in
    which items come matters. from_test: the pool holds the item itself, which is left out.
    """
    generator = Random(seed)
    pool = list(pool)

    def draw(item: Item) -> Sequence[Item]:
        if count == 0:
            return []
        if first:
            return [example for example in pool if not from_test or example != item][:count]
        if not from_test:
            return generator.sample(pool, count)
        others = [example for example in generator.sample(pool, count + 1) if example != item][:count]
        if len(others) < count:
            return generator.sample([example for example in pool if example != item], count)
        return others

    return draw
