"""The prompts of a parity workload: what is put to every server, token by token the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.parity.asking import making
from evals.parity.asking.prompt import LeftOut, Prompt
from evals.parity.asking.texts import load_texts
from evals.parity.asking.vocabulary import Vocabulary, load_vocabulary
from evals.parity.settings import ParitySettings
from evals.spec import digest

_PLAIN = ("classic", "language", "code", "digits", "unicode", "few-shot")
"""The groups of texts that are asked as they are."""


@dataclass(frozen=True, kw_only=True)
class PromptSet:
    """Hold the prompts, and by name those that this model cannot be asked, with the reason.

    image_token: the id that stands for a picture in prompts; None for models of text alone. vocabulary_size: how many
    tokens the model has; None without its folder.
    """

    prompts: tuple[Prompt, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    image_token: int | None = None
    vocabulary_size: int | None = None

    @property
    def is_resolved(self) -> bool:
        """Tell whether all token ids are known; those that are not, a server must be asked for."""
        return all(prompt.ids is not None or prompt.pictures for prompt in self.prompts)

    def digest(self) -> str:
        """Return a hash of all that decides what is asked: token ids, texts and pixels."""
        return digest([(p.name, p.ids, p.text, p.messages, p.pixels) for p in self.prompts])


def prompt_set(settings: ParitySettings, folder: Path | None) -> PromptSet:
    """Return the prompts for the model in a folder.

    Without a folder, or without a tokenizer.json in it, ids are left open: `tokens.resolved` asks a server for them.
    Raises ModelBrokenError for a tokenizer that cannot be read, DatasetError when pictures cannot be drawn.
    """
    texts, vocabulary = load_texts(), load_vocabulary(folder)
    made = _Made(vocabulary)
    for group in _PLAIN:
        for name, text in texts[group].items():
            made.add(making.plain(f"{group}/{name}", text, vocabulary))
    for of_length in making.lengths(settings, vocabulary):
        made.add(of_length)
    for name, messages in texts["chat"].items():
        made.add(making.chat(f"chat/{name}", messages, vocabulary))
    for of_ids in making.special(texts["special"]["pieces"], vocabulary):
        made.add(of_ids)
    if settings.images:
        for name, entry in texts["image"].items():
            made.add(making.with_pictures(f"image/{name}", entry, vocabulary))
    return made.prompt_set()


class _Made:
    """Gather prompts, and reasons in place of those that cannot be made."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self._image_token = None if vocabulary is None else vocabulary.image
        self._size = None if vocabulary is None else vocabulary.size
        self._prompts: list[Prompt] = []
        self._left_out: dict[str, str] = {}

    def add(self, made: Prompt | LeftOut) -> None:
        if isinstance(made, Prompt):
            self._prompts.append(made)
        else:
            self._left_out[made.name] = made.reason

    def prompt_set(self) -> PromptSet:
        return PromptSet(
            prompts=tuple(self._prompts),
            left_out=self._left_out,
            image_token=self._image_token,
            vocabulary_size=self._size,
        )


def messages_for_servers(prompt: Prompt) -> list[dict[str, Any]]:
    """Return a conversation as servers take it, pictures as data URLs."""
    pictures = iter(prompt.pictures)
    return [{**message, "content": _content(message["content"], pictures)} for message in prompt.messages or ()]


def _content(content: Any, pictures: Any) -> Any:
    if isinstance(content, str):
        return content
    return [
        {"type": "image_url", "image_url": {"url": next(pictures).data_url()}} if part["type"] == "image" else part
        for part in content
    ]
