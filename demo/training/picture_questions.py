"""Training questions about a scene, drawn so that no answer is more likely before one looks at the picture."""

import random
from collections import Counter, defaultdict

from demo.world.scene_questions import SceneQuestion, options_for, scene_questions
from demo.world.scenes import Scene, ShapeScene

_KINDS = (  # the first pattern that a question's text contains names its kind
    ("objects are in the picture", "count all"),
    ("How many shapes", "count all"),
    ("How many bars", "count bars"),
    ("objects", "count color"),
    ("How many", "count shape"),
    ("How much", "difference"),
    ("tallest", "extreme"),
    ("shortest", "extreme"),
    ("bar from", "end bar"),
    ("bar on", "end bar"),
    ("the value of", "value"),
    ("How high", "value"),
    ("What color", "color"),
    ("color of", "color"),
    ("shape", "shape"),
    ("Where", "where"),
    ("In which", "where"),
    ("", "what"),
)
KINDS = tuple(dict.fromkeys(kind for _, kind in _KINDS))
SHARES = defaultdict(lambda: 1.0, {"where": 2.0, "what": 2.0})  # places took longest to learn
_DRAWS = 2  # the world offers a few of a scene's questions at a time
_NEAR_OPTIONS = 8  # with fewer options than this the wrong numbers are near the right one


def kind_of(question: SceneQuestion) -> str:
    """Name what a question asks for, one of KINDS."""
    return next(kind for pattern, kind in _KINDS if pattern in question.text)


class Asker:
    """Choose questions and options; what was asked and answered least so far comes up more often."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kinds: Counter[str] = Counter()
        self.answers: Counter[tuple[str, str]] = Counter()

    def questions(self, scene: Scene, count: int) -> list[SceneQuestion]:
        """Return up to `count` different questions about a scene; empty when none has a clear answer."""
        by_kind: dict[str, dict[str, SceneQuestion]] = defaultdict(dict)
        for _ in range(_DRAWS):
            for question in scene_questions(self.rng, scene):
                by_kind[kind_of(question)][question.text] = question
        chosen: list[SceneQuestion] = []
        while by_kind and len(chosen) < count:
            kind = self._rare(list(by_kind), [1 / (1 + self.kinds[kind] / SHARES[kind]) for kind in by_kind])
            texts = by_kind[kind]
            rarity = [1 / (1 + self.answers[kind, question.answer]) ** 2 for question in texts.values()]
            question = texts.pop(self._rare(list(texts), rarity))
            if not texts:
                del by_kind[kind]
            self.kinds[kind] += 1
            self.answers[kind, question.answer] += 1
            chosen.append(question)
        return chosen

    def _rare(self, names: list[str], weights: list[float]) -> str:
        return self.rng.choices(names, weights)[0]

    def options(self, scene: Scene, question: SceneQuestion, count: int) -> tuple[list[str], int]:
        """Return up to `count` options in random order and the index of the right one.

        Wrong numbers lie on both sides of the right one, wherever it is among them; wrong objects are made from the
        colours and shapes of the scene's own half of the time.
        """
        if question.answer.isdigit() and count < _NEAR_OPTIONS:
            return self._shuffled(self._near_numbers(int(question.answer), count), question.answer, count)
        if kind_of(question) == "what" and isinstance(scene, ShapeScene) and self.rng.random() < 0.5:
            colors = {placed.color for placed in scene.objects}
            shapes = {placed.shape for placed in scene.objects}
            made = sorted({f"{color} {shape}" for color in colors for shape in shapes} - {question.answer})
            if len(made) >= count - 1:
                return self._shuffled(made, question.answer, count)
        return options_for(self.rng, question, count)

    def _near_numbers(self, right: int, count: int) -> list[str]:
        lowest = max(0, min(9 - count, right - self.rng.randint(0, count)))
        return [str(number) for number in range(lowest, lowest + count + 1) if number != right]

    def _shuffled(self, others: list[str], right: str, count: int) -> tuple[list[str], int]:
        wrong = self.rng.sample(others, min(count - 1, len(others)))
        index = self.rng.randrange(len(wrong) + 1)
        return [*wrong[:index], right, *wrong[index:]], index
