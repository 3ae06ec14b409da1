"""Multiple-choice questions about the closed world, in the schema of MMLU."""

import random
from typing import TypedDict

from demo.world import calculations
from demo.world.fact import Fact
from demo.world.relations import LENDERS, RELATIONS, Relation
from demo.world.splits import FACTS_ONE_IN, Side, side_of
from demo.world.tables import DAYS

LETTERS = "ABCDEFGHIJ"
SUBJECTS = (
    "abstract_algebra",
    "elementary_mathematics",
    "global_facts",
    "high_school_biology",
    "high_school_chemistry",
    "high_school_computer_science",
    "high_school_geography",
    "miscellaneous",
)
_COMPUTED = {
    "abstract_algebra": calculations.modular,
    "elementary_mathematics": calculations.arithmetic,
    "high_school_computer_science": calculations.binary,
}


class ChoiceRow(TypedDict):
    """One row of an MMLU file; `answer` is the index of the right choice."""

    question: str
    subject: str
    choices: list[str]
    answer: int


def fact(rng: random.Random, subject: str, options: int = 4) -> Fact:
    """Draw one question of a subject with `options - 1` wrong answers."""
    if subject in _COMPUTED:
        return _COMPUTED[subject](rng, options)
    relation = rng.choice(RELATIONS[subject])
    index, template = rng.randrange(len(relation.facts)), rng.randrange(len(relation.templates))
    name, value = relation.facts[index]
    return Fact(
        key=(relation.name, index, template),
        question=relation.templates[template].format(name),
        right=value,
        wrong=tuple(rng.sample(_other_values(relation, name, value, options - 1), options - 1)),
    )


def _other_values(relation: Relation, name: str, value: str, needed: int) -> list[str]:
    others = {other for _, other in relation.facts if other != value}
    if relation.name in ("after", "before"):  # no month among the options for a day
        others = {other for other in others if (other in DAYS) == (value in DAYS)}
    if relation.name == "opposite":
        others.discard(name)
    pool = sorted(others)
    if len(pool) >= needed:
        return pool
    lenders = [lender for group in RELATIONS.values() for lender in group if lender.name in LENDERS]
    return pool + sorted({lent for lender in lenders for _, lent in lender.facts} - others - {value})


def choice_item(rng: random.Random, side: Side, subject: str | None = None, options: int = 4) -> ChoiceRow:
    """Draw until a question of this side with different options comes up; return its MMLU row."""
    subject = subject or rng.choice(SUBJECTS)
    while True:
        drawn = fact(rng, subject, options)
        on_side = side_of((subject, drawn.key), FACTS_ONE_IN) == side
        if on_side and len({drawn.right, *drawn.wrong}) == options:
            answer = rng.randrange(options)
            choices = [*drawn.wrong[:answer], drawn.right, *drawn.wrong[answer:]]
            return {"question": drawn.question, "subject": subject, "choices": choices, "answer": answer}
