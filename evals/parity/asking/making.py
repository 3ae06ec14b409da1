"""Turn texts, conversations and pictures into prompts, as far as a model's folder tells how."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.accuracy.messages import MARK
from evals.parity.asking.pictures import draw
from evals.parity.asking.prompt import LeftOut, Prompt
from evals.parity.asking.templates import ChatTemplate, TemplateRefusedError
from evals.parity.asking.texts.logbook import logbook
from evals.parity.asking.vocabulary import Vocabulary
from evals.parity.settings import ParitySettings

LENGTHS = (1, 2, 3, 5, 8, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 257, 511, 512, 513, 1025, 2049, 4097, 8193)
"""Prompt lengths in tokens, most of them beside the sizes in which kernels, pages and prefill chunks come."""

LONGEST = 9000
"""Of the longest prompt: beyond a prefill chunk of 8,192 tokens, which is what SGLang takes on GPUs."""

SPARE = 8
"""Tokens that a prompt leaves of the context besides those that are decoded; SGLang keeps up to six for itself."""

_NO_FOLDER = "the model's folder with its tokenizer is not here"
_UNKNOWN_TOKEN = "the image token is not known: the config names no image_token_id or image_token_index"
_DOUBLINGS = 6
"""How often a text is doubled at most until it has enough tokens; one of unknown characters may be one token for ever.
"""
_FEW_TOKENS = "the tokenizer makes too few tokens of the texts that such prompts are cut from"
_CONTEXT = 2048
_NO_TEMPLATE = "the model has no chat template"
_CHARACTERS = 5
_SPECIAL = 10
_RANDOM = 96


def plain(name: str, text: str, vocabulary: Vocabulary | None) -> Prompt | LeftOut:
    """Return a text as a prompt."""
    ids = None if vocabulary is None else vocabulary.encode(text)
    return LeftOut(name=name, reason="its text has no tokens") if ids == () else Prompt(name=name, text=text, ids=ids)


def lengths(settings: ParitySettings, vocabulary: Vocabulary | None) -> Iterator[Prompt | LeftOut]:
    """Yield prompts of rising lengths, up to what the model's context allows; each is cut from another text."""
    context = LONGEST * 2 if vocabulary is None else vocabulary.context or _CONTEXT
    longest = min(LONGEST, context - settings.decode_tokens - SPARE)
    for volume, length in enumerate([length for length in LENGTHS if length < longest] + [longest]):
        name = "length/longest" if length == longest else f"length/{length}"
        if vocabulary is None:
            yield Prompt(name=name, text=logbook(_CHARACTERS * length, volume=volume), length=length)
        elif length > 0:
            ids = _cut(length, volume, vocabulary)
            yield LeftOut(name=name, reason=_FEW_TOKENS) if ids is None else Prompt(name=name, ids=ids)


def _cut(length: int, volume: int, vocabulary: Vocabulary) -> tuple[int, ...] | None:
    """Return so many tokens of a text; None where longer texts do not have more."""
    known: list[int] = []
    for doubling in range(_DOUBLINGS + 1):
        ids = vocabulary.encode(logbook((_CHARACTERS * length) << doubling, volume=volume))
        if len(ids) >= length:
            return ids[:length]
        known.append(len(ids))
        if doubling >= 2 and len(ids) <= known[-3]:
            return None
    return None


def chat(name: str, messages: Sequence[dict[str, Any]], vocabulary: Vocabulary | None) -> Prompt | LeftOut:
    """Return a conversation as a prompt, through the model's chat template."""
    if vocabulary is None:
        return Prompt(name=name, messages=tuple(messages))
    if vocabulary.template is None:
        return LeftOut(name=name, reason=_NO_TEMPLATE)
    try:
        text = vocabulary.template.render(messages)
    except TemplateRefusedError as error:
        return LeftOut(name=name, reason=f"the chat template refuses it: {error}")
    return Prompt(name=name, messages=tuple(messages), ids=vocabulary.encode(text, special=False))


def special(pieces: Sequence[str], vocabulary: Vocabulary | None) -> Iterator[Prompt | LeftOut]:
    """Yield prompts with special tokens by their ids, with the table's last ids, and of ids drawn by chance."""
    names = ("special/between-words", "special/in-a-row", "special/last-ids", "special/random-ids")
    if vocabulary is None:
        yield from (LeftOut(name=name, reason=_NO_FOLDER) for name in names)
        return
    tokens = [number for number in sorted(vocabulary.special) if _may_stand_alone(number, vocabulary)][:_SPECIAL]
    between = vocabulary.encode(pieces[0])
    for number, token in enumerate(tokens):
        between += (token, *vocabulary.encode(pieces[1 + number % (len(pieces) - 1)], special=False))
    last = [number for number in range(vocabulary.size - 4, vocabulary.size) if _may_stand_alone(number, vocabulary)]
    words = vocabulary.encode(pieces[0])
    if tokens:
        yield Prompt(name=names[0], ids=between)
        yield Prompt(name=names[1], ids=(*tokens, *reversed(tokens), *words))
    yield Prompt(name=names[2], ids=(*words, *last, *words))
    yield Prompt(name=names[3], ids=_drawn(vocabulary))


def _drawn(vocabulary: Vocabulary) -> tuple[int, ...]:
    chance = random.Random(_RANDOM)
    usable = min(vocabulary.size, vocabulary.tokenizer.get_vocab_size())
    unwanted = vocabulary.special.keys() | vocabulary.media
    drawn = [number for _ in range(4 * _RANDOM) if (number := chance.randrange(usable)) not in unwanted]
    return tuple(drawn[:_RANDOM])


def _may_stand_alone(number: int, vocabulary: Vocabulary) -> bool:
    """Tell whether an id may be in a prompt without a picture or a sound that belongs to it."""
    return 0 <= number < vocabulary.size and number not in vocabulary.media


def with_pictures(name: str, entry: Mapping[str, Any], vocabulary: Vocabulary | None) -> Prompt | LeftOut:
    """Return a question about pictures; the server makes ids of the chat's text and the pictures."""
    if vocabulary is None or vocabulary.image is None or vocabulary.template is None:
        return LeftOut(name=name, reason=_why_no_pictures(vocabulary))
    messages = ({"role": "user", "content": list(_parts(entry["text"]))},)
    try:
        text = _shown(vocabulary.template, messages)
    except TemplateRefusedError as error:
        return LeftOut(name=name, reason=f"the chat template refuses it: {error}")
    drawings = [draw(size) for size in entry["pictures"]]
    return Prompt(
        name=name,
        text=text,
        messages=messages,
        pictures=tuple(drawing.picture for drawing in drawings),
        pixels=tuple(drawing.pixels_sha256 for drawing in drawings),
    )


def _why_no_pictures(vocabulary: Vocabulary | None) -> str:
    if vocabulary is None:
        return _NO_FOLDER
    if not vocabulary.sees:
        return "the model takes no images"
    return _UNKNOWN_TOKEN if vocabulary.image is None else _NO_TEMPLATE


def _shown(template: ChatTemplate, messages: Sequence[dict[str, Any]]) -> str:
    """Return a chat's text; raise TemplateRefusedError when the template leaves its pictures out."""
    text = template.render(messages)
    words = [part for part in messages[0]["content"] if part["type"] == "text"]
    if text == template.render([{**messages[0], "content": words}]):
        raise TemplateRefusedError("it has no place for images")
    return text


def _parts(text: str) -> Iterator[dict[str, str]]:
    for number, piece in enumerate(text.split(MARK)):
        if number:
            yield {"type": "image"}
        if piece:
            yield {"type": "text", "text": piece}
