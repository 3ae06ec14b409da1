"""The rows of the eval sets, each drawn from a fixed seed."""

import random
from dataclasses import dataclass

from demo.world.facts import LETTERS, SUBJECTS, ChoiceRow, choice_item
from demo.world.scene_questions import options_for, scene_questions
from demo.world.scenes import BarScene, Scene, scene_item
from demo.world.splits import distinct
from demo.world.word_problems import word_problem_item

ProblemRow = dict[str, str]

SUBFIELDS = {"Art": "Drawing", "Math": "Counting", "Geography": "Positions", "Economics": "Bar Charts"}


def gsm8k_test() -> list[ProblemRow]:
    """Return 300 problems; about one in three has numbers up to twice as large as training has."""
    rng = random.Random("gsm8k-test")

    def draw_row() -> ProblemRow:
        return word_problem_item(rng, "eval", 1 if rng.random() < 2 / 3 else 2)

    return distinct(draw_row, 300, lambda row: row["question"])


def gsm8k_train() -> list[ProblemRow]:
    """Return the 32 problems that few-shot examples come from."""
    rng = random.Random("gsm8k-train")
    return distinct(lambda: word_problem_item(rng, "train"), 32, lambda row: row["question"])


def mmlu() -> tuple[list[ChoiceRow], list[ChoiceRow]]:
    """Return the test rows (300 in all) and the dev rows (five a subject)."""
    rng = random.Random("mmlu")
    test: list[ChoiceRow] = []
    dev: list[ChoiceRow] = []
    for i, subject in enumerate(SUBJECTS):
        rows = _subject_rows(rng, subject, 42 + i % 2)
        dev += rows[:5]
        test += rows[5:]
    return test, dev


def _subject_rows(rng: random.Random, subject: str, count: int) -> list[ChoiceRow]:
    return distinct(lambda: choice_item(rng, "eval", subject), count, lambda row: row["question"])


@dataclass(frozen=True, kw_only=True)
class PictureQuestion:
    """One MMMU item: its scene, the question with and without the image mark, and its options."""

    id: str
    scene: Scene
    question: str
    asked: str
    options: tuple[str, ...]
    answer: str
    subject: str

    @property
    def is_open(self) -> bool:
        """Tell whether the answer is free text instead of a letter."""
        return not self.options

    @property
    def image_type(self) -> str:
        """Name the kind of image as MMMU does."""
        return "['Plots and Charts']" if isinstance(self.scene, BarScene) else "['Geometric Shapes']"


def mmmu() -> list[PictureQuestion]:
    """Return 200 items with four options; every tenth is open."""
    return _picture_questions("mmmu", "validation", 4, open_every=10)


def mmmu_pro() -> list[PictureQuestion]:
    """Return 200 items with up to ten options."""
    return _picture_questions("mmmu-pro", "test", 10)


def mmmu_pro_vision() -> list[PictureQuestion]:
    """Return 200 items with up to ten options whose text is to be printed into the image."""
    return _picture_questions("mmmu-pro-vision", "test", 10)


def _picture_questions(
    seed: str, split: str, options: int, open_every: int | None = None, count: int = 200
) -> list[PictureQuestion]:
    rng = random.Random(seed)
    items: list[PictureQuestion] = []
    while len(items) < count:
        is_open = open_every is not None and len(items) % open_every == open_every - 1
        item = _picture_question(rng, split, len(items), 0 if is_open else options)
        if item is not None:
            items.append(item)
    return items


def _picture_question(rng: random.Random, split: str, index: int, options: int) -> PictureQuestion | None:
    """Draw a scene and ask about the subject whose turn it is; None when the scene does not suit it."""
    subject = tuple(SUBFIELDS)[index % 4]
    scene = scene_item(rng, "eval")
    suited = [question for question in scene_questions(rng, scene) if question.subject == subject]
    if not suited:
        return None
    chosen = rng.choice(suited)
    shown, right = options_for(rng, chosen, options) if options else ([], 0)
    mark_first = rng.random() < 0.5
    return PictureQuestion(
        id=f"{split}_{subject}_{index // 4 + 1}",
        scene=scene,
        question=f"<image 1> {chosen.text}" if mark_first else f"{chosen.text} <image 1>",
        asked=chosen.text,
        options=tuple(shown),
        answer=LETTERS[right] if options else chosen.answer,
        subject=subject,
    )
