"""The "vision" form of MMMU-Pro: question, picture and options printed into one image of 224 by 280 pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from demo.world.drawing import INK, WHITE, draw
from demo.world.facts import LETTERS
from demo.world.scenes import Scene

if TYPE_CHECKING:
    from PIL import Image

WIDTH, HEIGHT = 224, 280
GLYPH_WIDTH, LINE_HEIGHT = 7, 14  # every character has a field of its own: 32 columns by 20 lines
COLUMNS, LINES = WIDTH // GLYPH_WIDTH, HEIGHT // LINE_HEIGHT
PICTURE_CORNER = 28
_QUESTION_CHARACTERS = 31
_FIRST_OPTION_LINE = 15
_OPTION_CHARACTERS = 16


@dataclass(frozen=True, kw_only=True)
class PrintedText:
    """Text that starts at a line and a column of the character grid."""

    line: int
    column: int
    text: str


def layout(question: str, options: Sequence[str]) -> list[PrintedText]:
    """Place the question in the first lines and up to ten options in two columns below the picture."""
    printed = [PrintedText(line=i, column=0, text=text) for i, text in enumerate(_wrapped(question))]
    for i, option in enumerate(options):
        text = f"{LETTERS[i]}. {option}"[:_OPTION_CHARACTERS]
        printed.append(PrintedText(line=_FIRST_OPTION_LINE + i % 5, column=16 * (i // 5), text=text))
    return printed


def draw_printed(scene: Scene, question: str, options: Sequence[str]) -> "Image.Image":
    """Draw the scene with its question above and its options below, as a palette image."""
    from PIL import Image

    image = Image.new("P", (WIDTH, HEIGHT), WHITE)
    image.paste(draw(scene), (PICTURE_CORNER, PICTURE_CORNER))
    for printed in layout(question, options):
        for i, character in enumerate(printed.text):
            corner = (GLYPH_WIDTH * (printed.column + i), LINE_HEIGHT * printed.line)
            image.paste(INK, corner, _glyph(character))
    return image


@cache
def _glyph(character: str) -> "Image.Image":
    from PIL import Image, ImageDraw, ImageFont

    glyph = Image.new("L", (GLYPH_WIDTH, LINE_HEIGHT), 0)
    ImageDraw.Draw(glyph).text((0, 1), character, fill=255, font=ImageFont.load_default_imagefont())
    return glyph.point(lambda value: 255 if value > 128 else 0)


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > _QUESTION_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
