"""Questions that one may ask about a scene, and options to answer them from."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.world.scenes import CELLS, COLORS, SHAPES, BarScene, PlacedShape, Scene, ShapeScene

DIGITS = tuple(str(i) for i in range(10))


@dataclass(frozen=True, kw_only=True)
class SceneQuestion:
    """A question about a picture, its MMMU subject, its answer and a pool of other answers."""

    subject: str
    text: str
    answer: str
    pool: tuple[str, ...]


def scene_questions(rng: random.Random, scene: Scene) -> list[SceneQuestion]:
    """Return every kind of question that has one clear answer for this scene."""
    return list(_about_bars(rng, scene) if isinstance(scene, BarScene) else _about_shapes(rng, scene))


def options_for(rng: random.Random, question: SceneQuestion, count: int) -> tuple[list[str], int]:
    """Return up to `count` options in random order and the index of the right one."""
    others = [other for other in dict.fromkeys(question.pool) if other != question.answer]
    if question.answer.isdigit() and count < 8:  # near numbers make better distractors
        target = int(question.answer)
        others = sorted(others, key=lambda other: abs(int(other) - target) + 3 * rng.random())[: count + 1]
    wrong = rng.sample(others, min(count - 1, len(others)))
    index = rng.randrange(len(wrong) + 1)
    return [*wrong[:index], question.answer, *wrong[index:]], index


def _ask(subject: str, text: str, answer: str, pool: Sequence[str]) -> SceneQuestion:
    return SceneQuestion(subject=subject, text=text, answer=answer, pool=tuple(pool))


def _about_bars(rng: random.Random, scene: BarScene) -> Iterator[SceneQuestion]:
    bars, values = scene.bars, [value for _, value in scene.bars]
    for word, extreme in (("tallest", max(values)), ("shortest", min(values))):
        if values.count(extreme) == 1:
            text = rng.choice([f"Which bar is the {word}?", f"What is the color of the {word} bar?"])
            yield _ask("Economics", text, bars[values.index(extreme)][0], COLORS)
    color, value = rng.choice(bars)
    text = rng.choice([f"What is the value of the {color} bar?", f"How high is the {color} bar?"])
    yield _ask("Economics", text, str(value), DIGITS)
    yield _ask("Economics", "How many bars are in the chart?", str(len(bars)), DIGITS)
    position = rng.randrange(len(bars))
    if position == 0:
        yield _ask("Economics", "What color is the first bar from the left?", bars[0][0], COLORS)
    elif position == len(bars) - 1:
        yield _ask("Economics", "What color is the last bar on the right?", bars[-1][0], COLORS)
    high, low = rng.sample(bars, 2)
    if high[1] > low[1]:
        text = f"How much higher is the {high[0]} bar than the {low[0]} bar?"
        yield _ask("Economics", text, str(high[1] - low[1]), DIGITS)


def _about_shapes(rng: random.Random, scene: ShapeScene) -> Iterator[SceneQuestion]:
    objects = scene.objects
    for placed in rng.sample(objects, min(3, len(objects))):
        yield from _about_one(rng, placed, objects)
    colors, shapes = [o.color for o in objects], [o.shape for o in objects]
    color = rng.choice([*colors, rng.choice(COLORS)])
    text = rng.choice([f"How many {color} objects are there?", f"How many objects are {color}?"])
    yield _ask("Math", text, str(colors.count(color)), DIGITS)
    shape = rng.choice([*shapes, rng.choice(SHAPES)])
    plural = "crosses" if shape == "cross" else f"{shape}s"
    yield _ask("Math", f"How many {plural} are there?", str(shapes.count(shape)), DIGITS)
    text = rng.choice(["How many objects are in the picture?", "How many shapes are there?"])
    yield _ask("Math", text, str(len(objects)), DIGITS)


def _about_one(rng: random.Random, placed: PlacedShape, objects: tuple[PlacedShape, ...]) -> Iterator[SceneQuestion]:
    color, shape, cell = placed.color, placed.shape, CELLS[placed.cell]
    if [o.shape for o in objects].count(shape) == 1:
        text = rng.choice([f"What color is the {shape}?", f"What is the color of the {shape}?"])
        yield _ask("Art", text, color, COLORS)
    if [o.color for o in objects].count(color) == 1:
        text = rng.choice([f"Which shape is {color}?", f"What is the shape of the {color} object?"])
        yield _ask("Art", text, shape, SHAPES)
    if [o.name for o in objects].count(placed.name) == 1:
        ways = [f"Where is the {placed.name}?", f"In which part of the picture is the {placed.name}?"]
        yield _ask("Geography", rng.choice(ways), cell, (*CELLS, "outside the picture"))
    others = [o.name for o in objects if o.name != placed.name]
    text = rng.choice([f"What is in the {cell} of the picture?", f"Which object is at the {cell}?"])
    invented = [f"{rng.choice(COLORS)} {rng.choice(SHAPES)}" for _ in range(14)]
    yield _ask("Geography", text, placed.name, (*others, *invented))
