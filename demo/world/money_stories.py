"""Word problems about buying, earning and working through pages."""

from demo.world.story import Cast, Story
from demo.world.vocabulary import GOODS


def purchase(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of several equal goods; return the price or the change, and the closing question."""
    hero, good = cast.hero, story.rng.choice(GOODS)
    price, count = story.number(2, 20), story.number(2, 9)
    story.tell(f"A {good} costs {price} dollars. {hero} buys {count} {good}s.")
    cost = story.work(price, "*", count, f"The {good}s cost @ dollars.")
    if not story.pick([False, True]):
        return cost, f"How many dollars does {hero} pay?"
    paid = cost + story.number(1, 50)
    story.tell(f"{hero} pays with {paid} dollars.")
    return story.work(paid, "-", cost, "The change is @ dollars."), f"How many dollars of change does {hero} get?"


def two_goods(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of two kinds of goods and ask for the sum."""
    hero = cast.hero
    first, second = story.rng.sample(GOODS, 2)
    price, count = story.number(2, 12), story.number(2, 6)
    other_price, other_count = story.number(2, 12), story.number(2, 6)
    story.tell(
        f"A {first} costs {price} dollars and a {second} costs {other_price} dollars. "
        f"{hero} buys {count} {first}s and {other_count} {second}s."
    )
    cost = story.work(price, "*", count, f"The {first}s cost @ dollars.")
    other_cost = story.work(other_price, "*", other_count, f"The {second}s cost @ dollars.")
    total = story.work(cost, "+", other_cost, "In total that is @ dollars.")
    return total, story.pick([f"How many dollars does {hero} pay in total?", f"How much does {hero} spend?"])


def daily_pages(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of the same number of pages every day, with an extra evening or a book to finish."""
    hero = cast.hero
    pages, days = story.number(2, 30), story.number(2, 9)
    verb = story.pick(["reads", "writes", "prints"])
    story.tell(f"{hero} {verb} {pages} pages every day for {days} days.")
    total = story.work(pages, "*", days, f"{hero} {verb} @ pages.")
    ending = story.pick(["total", "evening", "book"])
    if ending == "book":
        length = total + story.number(1, 60)
        story.tell(f"The book has {length} pages.")
        return story.work(length, "-", total, "There are @ pages left."), "How many pages are left?"
    if ending == "evening":
        more = story.number(1, 60)
        story.tell(f"On the last evening {hero} {verb} {more} more pages.")
        total = story.work(total, "+", more, "With the evening that is @ pages.")
    return total, "How many pages is that in total?"


def wages(story: Story, cast: Cast) -> tuple[int, str]:
    """Tell of pay by the hour, and sometimes of what is spent of it."""
    hero = cast.hero
    pay, hours = story.number(5, 30), story.number(2, 9)
    story.tell(f"{hero} earns {pay} dollars per hour and works {hours} hours.")
    earned = story.work(pay, "*", hours, f"{hero} earns @ dollars.")
    if not story.pick([False, True]):
        return earned, f"How many dollars does {hero} earn?"
    spent = story.number(1, min(earned, 99))
    story.tell(story.pick([f"Then {hero} spends {spent} dollars.", f"{hero} gives {spent} dollars to {cast.friend}."]))
    return story.work(earned, "-", spent, f"{hero} keeps @ dollars."), f"How many dollars does {hero} have left?"
