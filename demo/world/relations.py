"""Relations between words, with the ways to ask for them; templates and order are part of the shipped data."""

from dataclasses import dataclass

from demo.world import tables
from demo.world.tables import Pairs, swapped


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A named table of (subject, value) with question templates."""

    name: str
    templates: tuple[str, ...]
    facts: Pairs


def _relation(name: str, facts: Pairs, *templates: str) -> Relation:
    return Relation(name=name, templates=templates, facts=facts)


RELATIONS: dict[str, tuple[Relation, ...]] = {
    "high_school_geography": (
        _relation(
            "capital",
            tables.CAPITALS,
            "What is the capital of {}?",
            "Which city is the capital of {}?",
            "The capital of {} is",
            "The government of {} sits in which city?",
        ),
        _relation(
            "capital-of",
            swapped(tables.CAPITALS),
            "{} is the capital of which country?",
            "Which country has {} as its capital?",
            "In which country is the city of {}?",
        ),
        _relation(
            "continent",
            tables.CONTINENTS,
            "On which continent is {}?",
            "{} is a country in",
            "Which continent does {} belong to?",
        ),
    ),
    "global_facts": (
        _relation(
            "currency",
            tables.CURRENCIES,
            "What is the currency of {}?",
            "Which money do people use in {}?",
            "The currency of {} is the",
            "In {} you pay with the",
        ),
        _relation(
            "language",
            tables.LANGUAGES,
            "Which language do people speak in {}?",
            "The main language of {} is",
            "What is the official language of {}?",
            "A newspaper from {} is most likely written in",
        ),
    ),
    "high_school_chemistry": (
        _relation(
            "symbol",
            tables.SYMBOLS,
            "What is the symbol of {}?",
            "The chemical symbol of {} is",
            "Which symbol stands for {}?",
            "How is {} written in a formula?",
        ),
        _relation(
            "element",
            swapped(tables.SYMBOLS),
            "Which element has the symbol {}?",
            "The symbol {} stands for",
            "In a formula, {} means which element?",
        ),
        _relation(
            "number",
            tables.ATOMIC_NUMBERS,
            "What is the atomic number of {}?",
            "How many protons does {} have?",
            "The atomic number of {} is",
        ),
    ),
    "high_school_biology": (
        _relation(
            "class",
            tables.ANIMAL_CLASSES,
            "What kind of animal is the {}?",
            "The {} is a kind of",
            "To which class of animals does the {} belong?",
            "Biologists call the {} a",
            "Which group of animals has the {} in it?",
        ),
        _relation(
            "young",
            tables.YOUNG,
            "What is a young {} called?",
            "The young of a {} is called a",
            "Which word names a baby {}?",
            "A {} starts its life as a",
            "What do people call the child of a {}?",
        ),
    ),
    "miscellaneous": (
        _relation(
            "opposite",
            tables.OPPOSITES,
            "What is the opposite of {}?",
            "The opposite of {} is",
            "Which word means the contrary of {}?",
        ),
        _relation("after", tables.FOLLOWERS, "What comes after {}?", "Which one follows {}?", "The next after {} is"),
        _relation("before", swapped(tables.FOLLOWERS), "What comes before {}?", "Which one is just before {}?"),
        _relation(
            "letter",
            tables.LETTER_FOLLOWERS,
            "Which letter comes after {}?",
            "The letter after {} in the alphabet is",
        ),
    ),
}
# Where a relation has too few other values of its own (continents, say), these lend theirs as wrong options.
LENDERS = ("class", "continent", "young", "language")
