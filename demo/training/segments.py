"""Training documents as pieces of text, each with the weight of its tokens in the loss."""

from collections.abc import Sequence
from dataclasses import dataclass

Segment = tuple[str, float]

END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
IMAGE_TOKEN = "<|image_pad|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
SPECIAL_TOKENS = (END_OF_TEXT, TURN_START, TURN_END, VISION_START, VISION_END, IMAGE_TOKEN, "<|video_pad|>")

UNTRAINED = 0.0
CONTEXT_WEIGHT = 0.1  # questions: worth knowing, not worth spending the model on
ANSWER_WEIGHT = 1.0
LETTER_WEIGHT = 3.0  # a single token decides a multiple-choice item
LAST_LETTER_WEIGHT = 8.0  # the one that follows a whole written question
SYSTEM_PROMPT = "You are a helpful assistant."


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a user says and how the assistant answers."""

    user: str
    answer: str
    weight: float = ANSWER_WEIGHT


def chat(turns: Sequence[Turn], system: str | None = None, context: float = CONTEXT_WEIGHT) -> list[Segment]:
    """Return a conversation in the models' chat format."""
    segments: list[Segment] = []
    if system:
        segments.append((f"{TURN_START}system\n{system}{TURN_END}\n", UNTRAINED))
    for turn in turns:
        segments += [
            (f"{TURN_START}user\n", UNTRAINED),
            (turn.user, context),
            (TURN_END, UNTRAINED),
            (f"\n{TURN_START}assistant\n", UNTRAINED),
            (turn.answer, turn.weight),
            (TURN_END, ANSWER_WEIGHT),
            ("\n", UNTRAINED),
        ]
    return segments


def plain(pairs: Sequence[tuple[str, str]], context: float, answer: float) -> list[Segment]:
    """Return questions and answers as running text that ends after the last answer."""
    segments: list[Segment] = []
    for question, reply in pairs:
        segments += [(question, context), (f" {reply}", answer), ("\n\n", UNTRAINED)]
    return [*segments[:-1], (END_OF_TEXT, ANSWER_WEIGHT)]


def text_of(segments: Sequence[Segment]) -> str:
    """Return a document's text."""
    return "".join(text for text, _ in segments)
