"""A model folder's tokenizer and the few numbers of its config that decide what can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.errors import ModelBrokenError
from evals.parity.asking.templates import ChatTemplate, load_template, read_json
from evals.tokenizing import tokenizer_file

_NESTED = ("text_config", "llm_config", "language_config", "thinker_config")
_CONTEXT = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "max_seq_len")
_MEDIA = ("image", "video", "audio", "vision")
_PICTURES = frozenset({"image", "images", "img", "vision", "visual", "mm"})


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Hold a model's tokenizer, chat template and numbers.

    special: special tokens by id. context: the longest sequence; None when the config does not say. size: of the
    model's table of embeddings. media: ids that stand for pictures, sounds and films. image: the one for pictures, as
    far as the config names it in a known way. sees: whether the config speaks of pictures at all.
    """

    tokenizer: Any
    template: ChatTemplate | None
    special: Mapping[int, str]
    context: int | None
    size: int
    media: frozenset[int]
    image: int | None
    sees: bool

    def encode(self, text: str, *, special: bool = True) -> tuple[int, ...]:
        """Return a text's token ids; special: with those that the tokenizer adds by itself."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=special).ids)

    def decode(self, ids: list[int]) -> str:
        """Return the text of token ids, special tokens included."""
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        return text


def load_vocabulary(folder: Path | None) -> Vocabulary | None:
    """Return what a model's folder says; None without a folder or a tokenizer.json in it."""
    file = None if folder is None else tokenizer_file(folder)
    return None if file is None else _loaded(file.parent, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(folder: Path, changed_at: int) -> Vocabulary:
    tokenizer = _tokenizer(folder / "tokenizer.json")
    config = read_json(folder / "config.json")
    levels = _levels(config)
    special = {number: token.content for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    return Vocabulary(
        tokenizer=tokenizer,
        template=load_template(folder),
        special=special,
        context=next((value for level in levels for name in _CONTEXT if (value := _number(level.get(name)))), None),
        size=next(
            (value for level in levels if (value := _number(level.get("vocab_size")))), tokenizer.get_vocab_size()
        ),
        media=frozenset(
            value
            for level in levels
            for name, value in level.items()
            if any(word in name for word in _MEDIA) and name.endswith(("_id", "_index")) and isinstance(value, int)
        ),
        image=next((value for level in levels if (value := _image(level)) is not None), None),
        sees=any(_PICTURES.intersection(name.split("_")) for level in levels for name in level),
    )


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise ModelBrokenError(f"{path} cannot be read: {error}", remedy="fetch the model's tokenizer again") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _levels(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a config's language parts, the innermost first, and the whole config."""
    nested = [config[name] for name in _NESTED if isinstance(config.get(name), dict)]
    return [level for part in nested for level in _levels(part)] + [config]


def _image(level: dict[str, Any]) -> int | None:
    found = [level.get(name) for name in ("image_token_id", "image_token_index")]
    return next((value for value in found if isinstance(value, int) and value >= 0), None)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
