"""The words that word problems are told with; their order is part of the shipped data."""


def words(text: str) -> tuple[str, ...]:
    """Split a line of words."""
    return tuple(text.split())


NAMES = words(
    "Tom Anna Ben Lucy Sam Mia Jack Emma Leo Nina Max Sara Paul Kate Omar Julia Adam Rosa Eric Lena "
    "David Clara Noah Ivy Peter Maria Alex Zoe Henry Olga"
)
THINGS = words(
    "apples pencils marbles books stickers coins cards cookies balloons shells stamps oranges buttons "
    "flowers eggs toys cups plums beads pears"
)
GROUPS = words("boxes bags baskets shelves trays jars rows packs")
GOODS = words("pen book toy ball hat cake ticket lamp shirt kite")
PLACES = ("in the garden", "at school", "at the beach", "under the bed", "in the park", "on the street")
