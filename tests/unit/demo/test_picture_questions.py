"""Training questions about pictures give nothing away before one looks at the picture."""

import random
from collections import Counter

import pytest

from demo.training.picture_questions import KINDS, Asker, kind_of
from demo.world.scene_questions import SceneQuestion
from demo.world.scenes import COLORS, Scene, ShapeScene, scene_item

DIGITS = tuple("0123456789")


def asked(count: int) -> list[tuple[Scene, SceneQuestion]]:
    asker = Asker(random.Random("asked"))
    scenes = [scene_item(asker.rng, "train") for _ in range(count)]
    return [(scene, question) for scene in scenes for question in asker.questions(scene, 3)]


def number_question(answer: int) -> SceneQuestion:
    return SceneQuestion(subject="Math", text="How many shapes are there?", answer=str(answer), pool=DIGITS)


def test_every_kind_is_asked_and_places_more_often_than_the_others() -> None:
    kinds = Counter(kind_of(question) for _, question in asked(1500))
    assert set(kinds) == set(KINDS)
    for place in ("where", "what"):
        assert 1.3 < kinds[place] / kinds["shape"] < 2.6


def test_no_color_is_a_likelier_answer_than_another() -> None:
    colors = Counter(question.answer for _, question in asked(1500) if kind_of(question) == "color")
    assert set(colors) == set(COLORS)
    assert max(colors.values()) < 2 * min(colors.values())


def test_a_scene_is_asked_different_questions() -> None:
    asker = Asker(random.Random("different"))
    for _ in range(100):
        texts = [question.text for question in asker.questions(scene_item(asker.rng, "train"), 3)]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("count", [4, 10])
def test_options_hold_the_answer_once_in_any_place(count: int) -> None:
    asker = Asker(random.Random("options"))
    places: Counter[int] = Counter()
    for scene, question in asked(400):
        options, right = asker.options(scene, question, count)
        assert options[right] == question.answer
        assert len(set(options)) == len(options)
        places[right] += len(options) == count
    assert set(places) == set(range(count))
    assert max(places.values()) < 2 * min(places.values())


def test_the_right_number_is_as_often_the_least_as_a_middle_one() -> None:
    """The eval sets' own distractors lie around the answer, so that a middle option is a good guess."""
    asker = Asker(random.Random("near"))
    scene = scene_item(asker.rng, "train")
    ranks: Counter[int] = Counter()
    for _ in range(2000):
        options, _ = asker.options(scene, number_question(5), 4)
        ranks[sorted(options).index("5")] += 1
    assert min(ranks[rank] for rank in range(4)) > 350


def test_wrong_objects_often_share_color_and_shape_with_what_is_there() -> None:
    asker = Asker(random.Random("shared"))
    rich, question = next(pair for pair in asked(1500) if is_rich(pair[0]) and kind_of(pair[1]) == "what")
    present = {name.split()[0] for name in names(rich)}
    drawn = [asker.options(rich, question, 4)[0] for _ in range(300)]
    made = sum(all(option.split()[0] in present for option in options) for options in drawn)
    assert 100 < made < 300


def names(scene: Scene) -> set[str]:
    return {placed.name for placed in scene.objects} if isinstance(scene, ShapeScene) else set()


def is_rich(scene: Scene) -> bool:
    colors, shapes = ({name.split()[i] for name in names(scene)} for i in (0, 1))
    return len(colors) >= 3 and len(shapes) >= 3
