"""Word problems with worked answers, in the schema and answer format of GSM8K."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from demo.world import count_stories, money_stories
from demo.world.splits import WORD_PROBLEMS_ONE_IN, Side, side_of
from demo.world.story import Cast, Story
from demo.world.vocabulary import GROUPS, NAMES, THINGS

Teller = Callable[[Story, Cast], tuple[int, str]]

# The names are part of each problem's key and so of the split; "run" is told three times as often.
FAMILIES: dict[str, Teller] = {
    "run": count_stories.running_total,
    "group": count_stories.equal_groups,
    "compare": count_stories.comparison,
    "money": money_stories.purchase,
    "shop2": money_stories.two_goods,
    "rate": money_stories.daily_pages,
    "share": count_stories.fair_share,
    "age": count_stories.ages,
    "earn": money_stories.wages,
}
FAMILY_DRAW = ("run", "run", *FAMILIES)
DISTRACTION_CHANCE = 0.15


@dataclass(frozen=True, kw_only=True)
class WordProblem:
    """A question and its worked answer; `key` decides the side of the split."""

    key: tuple[object, ...]
    question: str
    answer: str


def word_problem(rng: random.Random, scale: int = 1) -> WordProblem:
    """Draw one problem; a `scale` above 1 gives larger numbers than training has."""
    hero, friend, third = rng.sample(NAMES, 3)
    cast = Cast(hero=hero, friend=friend, third=third, things=rng.choice(THINGS), groups=rng.choice(GROUPS))
    family = rng.choice(FAMILY_DRAW)
    story = Story(rng, family, scale)
    answer, ask = FAMILIES[family](story, cast)
    _maybe_distract(story, cast)
    question = " ".join([*story.sentences, ask])
    return WordProblem(key=tuple(story.key), question=question, answer="\n".join(story.steps) + f"\n#### {answer}")


def word_problem_item(rng: random.Random, side: Side, scale: int = 1) -> dict[str, str]:
    """Draw until a problem of this side without negative numbers comes up; return its GSM8K row."""
    while True:
        problem = word_problem(rng, scale)
        if "=-" not in problem.answer and side_of(problem.key, WORD_PROBLEMS_ONE_IN) == side:
            return {"question": problem.question, "answer": problem.answer}


def _maybe_distract(story: Story, cast: Cast) -> None:
    """Insert, now and then, a number that has nothing to do with the question."""
    rng = story.rng
    if rng.random() >= DISTRACTION_CHANCE:
        return
    value = rng.randint(2, 60)
    position = rng.randrange(len(story.sentences) + 1)
    remarks = (f"{cast.third} is {value} years old.", f"The school is {value} miles away.")
    story.sentences.insert(position, rng.choice([*remarks, f"It is {value} degrees outside."]))
