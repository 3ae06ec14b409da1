"""Word problems about counting things: gains and losses, groups, comparisons, fair shares, ages."""

from demo.world.story import Cast, Story
from demo.world.vocabulary import PLACES


def running_total(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell one to three changes of a count; return the answer and the closing question."""
    hero, things = cast.hero, cast.things
    total = story.number(0, 99)
    opening = (f"{hero} has {total} {things}.", f"{hero} starts with {total} {things}.")
    story.tell(story.pick([*opening, f"There are {total} {things} in {hero}'s bag."]))
    for _ in range(story.pick([1, 2, 2, 3])):
        change = story.pick(_possible_changes(total))
        total = _CHANGES[change](story, cast, total)
    ask = [f"How many {things} does {hero} have now?", f"How many {things} does {hero} have in the end?"]
    return total, story.pick([*ask, f"How many {things} are left for {hero}?"])


def _possible_changes(total: int) -> list[str]:
    changes = ["gain"]
    if total >= 2:
        changes.append("lose")
    if 0 < total < 80:
        changes.append("multiply")
    if total % 2 == 0 and total > 1:
        changes.append("halve")
    return changes


def _gain(story: Story, cast: Cast, total: int) -> int:
    hero, things = cast.hero, cast.things
    gained = story.number(1, 99)
    ways = [
        f"{hero} buys {gained} more {things}.",
        f"{cast.friend} gives {hero} {gained} {things}.",
        f"{hero} finds {gained} more {story.rng.choice(PLACES)}.",
        f"Then {hero} gets {gained} new {things}.",
    ]
    story.tell(story.pick(ways))
    return story.work(total, "+", gained, f"{hero} then has @ {things}.")


def _lose(story: Story, cast: Cast, total: int) -> int:
    hero, things = cast.hero, cast.things
    # A scaled draw may exceed the count; such problems end below zero and word_problem_item drops them.
    lost = story.number(1, min(total, 99))
    ways = [
        f"{hero} gives {lost} {things} to {cast.friend}.",
        f"{hero} loses {lost} of them.",
        f"{hero} sells {lost} {things}.",
        f"Then {lost} of the {things} get broken.",
    ]
    story.tell(story.pick(ways))
    return story.work(total, "-", lost, f"{hero} then has @ {things}.")


def _multiply(story: Story, cast: Cast, total: int) -> int:
    factor = story.pick([2, 2, 3])
    verb = "doubles" if factor == 2 else "triples"
    story.tell(f"Then {cast.hero} {verb} the number of {cast.things}.")
    return story.work(total, "*", factor, f"{cast.hero} then has @ {cast.things}.")


def _halve(story: Story, cast: Cast, total: int) -> int:
    hero, things = cast.hero, cast.things
    story.tell(story.pick([f"{hero} gives half of the {things} to {cast.friend}.", f"Half of the {things} get lost."]))
    return story.work(total, "/", 2, f"{hero} then has @ {things}.")


_CHANGES = {"gain": _gain, "lose": _lose, "multiply": _multiply, "halve": _halve}


def equal_groups(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of groups of equal size, sometimes with a few taken away or added."""
    hero, things, groups = cast.hero, cast.things, cast.groups
    count, size = story.number(2, 12), story.number(2, 25)
    ways = [
        f"There are {count} {groups} with {size} {things} in each.",
        f"{hero} fills {count} {groups} with {size} {things} each.",
        f"{hero} has {count} {groups}. Each of the {groups} holds {size} {things}.",
    ]
    story.tell(story.pick(ways))
    total = story.work(count, "*", size, f"There are @ {things}.")
    ending = story.pick(["total", "fewer", "more"])
    if ending == "fewer":
        gone = story.number(1, min(total, 99))
        story.tell(story.pick([f"{gone} of the {things} are broken.", f"{hero} takes {gone} {things} away."]))
        return story.work(total, "-", gone, f"That leaves @ {things}."), f"How many {things} are left?"
    if ending == "more":
        added = story.number(1, 99)
        story.tell(f"{cast.friend} brings {added} more {things}.")
        answer = story.work(total, "+", added, f"With {cast.friend}'s there are @ {things}.")
        return answer, f"How many {things} are there now?"
    return total, f"How many {things} are there in total?"


def comparison(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell how much more or less a second person has, and ask for one, for both or for a third."""
    hero, friend, third, things = cast.hero, cast.friend, cast.third, cast.things
    own = story.number(3, 99)
    story.tell(f"{hero} has {own} {things}.")
    other = _compared(story, cast, own)
    ending = story.pick(["friend", "together", "together", "third"])
    if ending == "friend":
        return other, f"How many {things} does {friend} have?"
    if ending == "together":
        both = story.work(own, "+", other, f"Together they have @ {things}.")
        return both, f"How many {things} do {hero} and {friend} have together?"
    more = story.number(1, 99)
    story.tell(f"{third} has {more} more {things} than {friend}.")
    return story.work(other, "+", more, f"{third} has @ {things}."), f"How many {things} does {third} have?"


def _compared(story: Story, cast: Cast, own: int) -> int:
    friend, step = cast.friend, f"{cast.friend} has @ {cast.things}."
    relation = story.pick(["more", "fewer", "times"])
    if relation == "times":
        factor = story.number(2, 4)
        story.tell(f"{friend} has {factor} times as many {cast.things} as {cast.hero}.")
        return story.work(own, "*", factor, step)
    difference = story.number(1, 99 if relation == "more" else own - 1)
    story.tell(f"{friend} has {difference} {relation} {cast.things} than {cast.hero}.")
    return story.work(own, "+" if relation == "more" else "-", difference, step)


def fair_share(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of things that are shared out evenly, sometimes after a gain or a loss."""
    hero, things = cast.hero, cast.things
    parts, each = story.number(2, 9), story.number(1, 20)
    total = parts * each
    if story.pick([False, True]):
        total = _reach(story, cast, total)
    else:
        story.tell(f"{hero} has {total} {things}.")
    ways = [f"{hero} shares them equally among {parts} friends."]
    story.tell(story.pick([*ways, f"{hero} puts them into {parts} {cast.groups}, the same number in each."]))
    answer = story.work(total, "/", parts, f"Each gets @ {things}.")
    return answer, story.pick([f"How many {things} does each get?", f"How many {things} go to each one?"])


def _reach(story: Story, cast: Cast, total: int) -> int:
    change = story.number(1, 60)
    step = f"{cast.hero} has @ {cast.things}."
    if total > change:
        story.tell(f"{cast.hero} has {total - change} {cast.things} and gets {change} more.")
        return story.work(total - change, "+", change, step)
    story.tell(f"{cast.hero} has {total + change} {cast.things} and loses {change} of them.")
    return story.work(total + change, "-", change, step)


def ages(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell the age of one person by another's, now or in some years."""
    hero, friend = cast.hero, cast.friend
    own, difference = story.number(2, 60), story.number(1, 30)
    story.tell(f"{hero} is {own} years old.")
    older = bool(story.pick([False, True])) or difference >= own
    story.tell(f"{friend} is {difference} years {'older' if older else 'younger'} than {hero}.")
    age = story.work(own, "+" if older else "-", difference, f"{friend} is @ years old.")
    if story.pick([False, True]):
        years = story.number(1, 30)
        age = story.work(age, "+", years, f"In {years} years {friend} will be @ years old.")
        return age, f"How old will {friend} be in {years} years?"
    return age, f"How old is {friend}?"
