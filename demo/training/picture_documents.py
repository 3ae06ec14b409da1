"""Training documents with one picture: questions, captions and printed questions."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.training import prompts
from demo.training.picture_questions import Asker, kind_of
from demo.training.segments import (
    IMAGE_TOKEN,
    LAST_LETTER_WEIGHT,
    LETTER_WEIGHT,
    SYSTEM_PROMPT,
    UNTRAINED,
    VISION_END,
    VISION_START,
    Segment,
    Turn,
    chat,
)
from demo.world.drawing import draw
from demo.world.facts import LETTERS
from demo.world.printed_questions import PrintedText, draw_printed, layout
from demo.world.scene_questions import SceneQuestion
from demo.world.scenes import CELLS, BarScene, Scene, one_shape_scene, random_scene, scene_item
from demo.world.splits import Side

TOKEN_PIXELS = 28  # one image token stands for 2 x 2 patches of 14 pixels
IMAGE_MARK = "<image 1>"
LISTING_SHARE = 0.5
_END_OF_TURN = 2  # segments after an answer


@dataclass(frozen=True, kw_only=True)
class PictureDocument:
    """A conversation about a picture: palette pixels (height, width), what they show, the first question's kind."""

    segments: list[Segment]
    pixels: npt.NDArray[np.uint8]
    scene: Scene
    kind: str
    printed: tuple[PrintedText, ...] = ()


def image_text(height: int, width: int) -> str:
    """Return the tokens that stand for an image of this size in pixels."""
    return VISION_START + IMAGE_TOKEN * (height // TOKEN_PIXELS * (width // TOKEN_PIXELS)) + VISION_END


def scene_document(asker: Asker, one_shape_share: float = 0.0, turns: int = 3, side: Side = "train") -> PictureDocument:
    """Draw a scene with questions about it, and often a list of what it shows after them."""
    rng = asker.rng
    one_shape = rng.random() < one_shape_share
    scene, questions = _askable_scene(asker, turns, side, one_shape_scene if one_shape else random_scene)
    pixels = np.asarray(draw(scene))
    if turns > 1 and rng.random() < LISTING_SHARE:
        del questions[turns - 1 :]
        listing = [_listing(rng, scene)]
    else:
        listing = []
    images = [image_text(*pixels.shape)] + [None] * (turns - 1)
    asked = [_question_turn(asker, scene, question, image) for question, image in zip(questions, images, strict=False)]
    segments = _conversation(rng, asked + listing)
    return PictureDocument(segments=segments, pixels=pixels, scene=scene, kind=kind_of(questions[0]))


def printed_document(asker: Asker, side: Side = "train") -> PictureDocument:
    """Draw a printed question that is written out and then answered."""
    rng = asker.rng
    scene, questions = _askable_scene(asker, 1, side)
    options, right = asker.options(scene, questions[0], 10)
    pixels = np.asarray(draw_printed(scene, questions[0].text, options))
    ask = prompts.PRO_VISION if rng.random() < 0.8 else prompts.PRO_VISION_COT
    written = prompts.mmmu_pro_question(questions[0].text, options, "Answer:")
    turn = Turn(user=_beside(rng, image_text(*pixels.shape), ask), answer=written)
    segments = _conversation(rng, [turn])
    segments.insert(len(segments) - _END_OF_TURN, (f" {LETTERS[right]}", LAST_LETTER_WEIGHT))
    printed = tuple(layout(questions[0].text, options))
    return PictureDocument(segments=segments, pixels=pixels, scene=scene, kind=kind_of(questions[0]), printed=printed)


def _askable_scene(
    asker: Asker, count: int, side: Side, draw_scene: Callable[[random.Random], Scene] = random_scene
) -> tuple[Scene, list[SceneQuestion]]:
    while True:
        scene = scene_item(asker.rng, side, draw_scene)
        questions = asker.questions(scene, count)
        if questions:
            return scene, questions


def _conversation(rng: random.Random, turns: list[Turn]) -> list[Segment]:
    return chat(turns, SYSTEM_PROMPT if rng.random() < 0.9 else None, context=UNTRAINED)


def _listing(rng: random.Random, scene: Scene) -> Turn:
    """Ask for everything in a picture: in order, in any order, or counted."""
    if rng.random() < 0.4:
        return Turn(user="Describe the picture.", answer=scene.caption())
    if isinstance(scene, BarScene):
        listed = [f"{color} {value}" for color, value in scene.bars]
        return Turn(user="List the bars in any order.", answer=_in_any_order(rng, listed))
    if rng.random() < 0.5:
        listed = [f"{placed.name} {CELLS[placed.cell]}" for placed in scene.objects]
        return Turn(user="List the objects in any order.", answer=_in_any_order(rng, listed))
    name = rng.choice(["color", "shape"])
    counts = Counter(str(getattr(placed, name)) for placed in scene.objects)
    listed = [f"{value} {count}" for value, count in counts.items()]
    return Turn(user=f"Count the objects of each {name}.", answer=_in_any_order(rng, listed))


def _in_any_order(rng: random.Random, listed: list[str]) -> str:
    return ", ".join(rng.sample(listed, len(listed))) + "."


def _beside(rng: random.Random, image: str, text: str) -> str:
    return image + text if rng.random() < 0.7 else text + image


def _question_turn(asker: Asker, scene: Scene, question: SceneQuestion, image: str | None) -> Turn:
    form, answer = _form(asker, scene, question)
    if image is None:
        return Turn(user=form(question.text), answer=answer, weight=LETTER_WEIGHT)
    return Turn(user=_with_image(asker.rng, form, question.text, image), answer=answer, weight=LETTER_WEIGHT)


def _form(asker: Asker, scene: Scene, question: SceneQuestion) -> tuple[Callable[[str], str], str]:
    """Choose a prompt form; return it as a function of the question's text, and the answer."""
    rng = asker.rng
    kind = rng.choices(["mmmu", "pro", "cot", "open"], [0.35, 0.35, 0.05, 0.25])[0]
    if kind == "open":
        gap = "\n" * rng.randint(0, 1)
        return (lambda text: text + gap + prompts.MMMU_OPEN), question.answer
    count = (4 if kind == "mmmu" else 10) if rng.random() < 0.9 else rng.randint(2, 10)
    options, right = asker.options(scene, question, count)
    if kind == "mmmu":
        gap = "\n" * rng.randint(0, 1)
        return (lambda text: prompts.mmmu_question(text + gap, options)), LETTERS[right]
    if kind == "pro":
        return (lambda text: prompts.mmmu_pro_question(text, options)), LETTERS[right]
    return (lambda text: prompts.mmmu_pro_question(text, options, prompts.PRO_COT)), f"Answer: {LETTERS[right]}"


def _with_image(rng: random.Random, form: Callable[[str], str], question: str, image: str) -> str:
    """Put the image where harnesses put it: at its mark, or before a text that keeps or drops the mark."""
    place = rng.random()
    first = rng.random() < 0.5
    if place < 0.6:
        gap = " " if rng.random() < 0.7 else ""
        return form(image + gap + question if first else question + gap + image)
    if place < 0.8:
        return image + form(f"{IMAGE_MARK} {question}" if first else f"{question} {IMAGE_MARK}")
    return _beside(rng, image, form(question))
