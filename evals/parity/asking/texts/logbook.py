"""A text as long as one likes, from which prompts of a given number of tokens are cut."""

from __future__ import annotations

import random

from evals.parity.asking.texts import load_texts

_SEED = 20_011


def logbook(characters: int, *, volume: int) -> str:
    """Return at least so many characters of made-up entries; each volume is another text, and always the same."""
    words = load_texts()["logbook"]
    draw = random.Random(_SEED + volume)
    sentences: list[str] = []
    length = 0
    while length < characters:
        sentence = draw.choice(words["sentences"]).format(
            n=draw.randrange(1, 10_000),
            m=draw.randrange(2, 40),
            who=draw.choice(words["who"]),
            what=draw.choice(words["what"]),
            where=draw.choice(words["where"]),
        )
        sentences.append(sentence[0].upper() + sentence[1:])
        length += len(sentence) + 1
    return " ".join(sentences)
