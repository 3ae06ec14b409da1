"""Training documents with one picture: captions, questions and printed questions."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.training import prompts
from demo.training.segments import (
    IMAGE_TOKEN,
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
from demo.world.scene_questions import SceneQuestion, options_for, scene_questions
from demo.world.scenes import Scene, one_shape_scene, random_scene, scene_item

TOKEN_PIXELS = 28  # one image token stands for 2 x 2 patches of 14 pixels
DESCRIBE = "Describe the picture."
IMAGE_MARK = "<image 1>"


@dataclass(frozen=True, kw_only=True)
class PictureDocument:
    """A conversation about a picture, the palette pixels (height, width), and what is in it."""

    segments: list[Segment]
    pixels: npt.NDArray[np.uint8]
    scene: Scene
    printed: tuple[PrintedText, ...] = ()


def image_text(height: int, width: int) -> str:
    """Return the tokens that stand for an image of this size in pixels."""
    return VISION_START + IMAGE_TOKEN * (height // TOKEN_PIXELS * (width // TOKEN_PIXELS)) + VISION_END


def scene_document(rng: random.Random, one_shape_share: float = 0.0) -> PictureDocument:
    """Draw a scene with its caption and two questions; the caption comes last more often than first."""
    one_shape = rng.random() < one_shape_share
    scene = scene_item(rng, "train", one_shape_scene if one_shape else random_scene)
    pixels = np.asarray(draw(scene))
    image = image_text(*pixels.shape)
    questions = scene_questions(rng, scene)
    asked = rng.sample(questions, min(2, len(questions)))
    if rng.random() < 0.3:
        turns = [Turn(user=image + DESCRIBE, answer=scene.caption())]
        turns += [_question_turn(rng, question, None) for question in asked]
    else:
        turns = [_question_turn(rng, question, image if i == 0 else None) for i, question in enumerate(asked)]
        turns.append(Turn(user=DESCRIBE, answer=scene.caption()))
    return PictureDocument(segments=_conversation(rng, turns), pixels=pixels, scene=scene)


def printed_document(rng: random.Random) -> PictureDocument:
    """Draw a printed question that is answered directly, written out and solved, or both."""
    scene, questions = _askable_scene(rng)
    question = rng.choice(questions)
    options, right = options_for(rng, question, 10)
    pixels = np.asarray(draw_printed(scene, question.text, options))
    image = image_text(*pixels.shape)
    ask = rng.choice([prompts.PRO_VISION, prompts.PRO_VISION, prompts.PRO_DIRECT])
    written = mmmu_pro_text(question.text, options) + f"Answer: {LETTERS[right]}"
    direct = Turn(user=_beside(rng, image, ask), answer=LETTERS[right], weight=LETTER_WEIGHT)
    if rng.random() < 0.6:
        turns = [direct, Turn(user=prompts.PRO_VISION_COT, answer=written)]
    else:
        turns = [Turn(user=_beside(rng, image, prompts.PRO_VISION_COT), answer=written)]
    printed = tuple(layout(question.text, options))
    return PictureDocument(segments=_conversation(rng, turns), pixels=pixels, scene=scene, printed=printed)


def mmmu_pro_text(question: str, options: list[str]) -> str:
    """Return the question as it is written out from a printed image."""
    return prompts.mmmu_pro_question(question, options, "")


def _askable_scene(rng: random.Random) -> tuple[Scene, list[SceneQuestion]]:
    while True:
        scene = scene_item(rng, "train")
        questions = scene_questions(rng, scene)
        if questions:
            return scene, questions


def _conversation(rng: random.Random, turns: list[Turn]) -> list[Segment]:
    return chat(turns, SYSTEM_PROMPT if rng.random() < 0.85 else None, context=UNTRAINED)


def _beside(rng: random.Random, image: str, text: str) -> str:
    return image + text if rng.random() < 0.7 else text + image


def _question_turn(rng: random.Random, question: SceneQuestion, image: str | None) -> Turn:
    form, answer = _form(rng, question)
    if image is None:
        return Turn(user=form(question.text), answer=answer, weight=LETTER_WEIGHT)
    return Turn(user=_with_image(rng, form, question.text, image), answer=answer, weight=LETTER_WEIGHT)


def _form(rng: random.Random, question: SceneQuestion) -> tuple[Callable[[str], str], str]:
    """Choose a prompt form; return it as a function of the question's text, and the answer."""
    kind = rng.choices(["mmmu", "pro", "cot", "open"], [0.42, 0.30, 0.10, 0.18])[0]
    if kind == "open":
        gap = "\n" * rng.randint(0, 1)
        return (lambda text: text + gap + prompts.MMMU_OPEN), question.answer
    count = (4 if kind == "mmmu" else 10) if rng.random() < 0.9 else rng.randint(2, 10)
    options, right = options_for(rng, question, count)
    if kind == "mmmu":
        return (lambda text: prompts.mmmu_question(text, options)), LETTERS[right]
    if kind == "pro":
        return (lambda text: prompts.mmmu_pro_question(text, options)), LETTERS[right]
    return (lambda text: prompts.mmmu_pro_question(text, options, prompts.PRO_COT)), f"Answer: {LETTERS[right]}"


def _with_image(rng: random.Random, form: Callable[[str], str], question: str, image: str) -> str:
    """Put the image where harnesses put it: at its mark, or before a text that keeps or drops the mark."""
    draw_place = rng.random()
    first = rng.random() < 0.5
    if draw_place < 0.45:
        gap = " " if rng.random() < 0.5 else ""
        return form(image + gap + question if first else f"{question} {image}")
    if draw_place < 0.8:
        return image + form(f"{IMAGE_MARK} {question}" if first else f"{question} {IMAGE_MARK}")
    return _beside(rng, image, form(question))
