"""Token ids of texts: asked of the engine that will read them, or of the model's own tokenizer file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.client import EngineClient
from evals.errors import RequestRefusedError

TOKENIZE = "/tokenize"

TokenizerFile = Path | None
"""A model's tokenizer.json, where it lies on this machine."""


class Tokenizer:
    """Turn texts into token ids with the special tokens that the model's own tokenizer adds."""

    def __init__(self, client: EngineClient, file: TokenizerFile) -> None:
        self._client = client
        self._file = file
        self._asks_engine = True

    async def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's token ids; raises RequestRefusedError when nobody can tell them."""
        if self._asks_engine:
            tokens = await self._asked(texts)
            if tokens is not None:
                return tokens
            self._asks_engine = False
            self._file = self._file or await self._named_file()
        if self._file is None:
            raise RequestRefusedError(
                "log-probabilities of choices need token ids, and this engine does not answer at /tokenize",
                remedy="name the model's folder (--tokenizer), or take the benchmark's generative form",
            )
        encoded: Any = loaded(self._file).encode_batch(list(texts))
        return [encoding.ids for encoding in encoded]

    async def _asked(self, texts: Sequence[str]) -> list[list[int]] | None:
        """Return what the engine says; None when it has no such path, or not for several texts at once."""
        try:
            answer = await self._client.post_json_or_none(TOKENIZE, {"prompt": list(texts)})
        except RequestRefusedError:
            return None
        tokens = answer.get("tokens") if isinstance(answer, dict) else None
        whole = isinstance(tokens, list) and len(tokens) == len(texts) and all(isinstance(ids, list) for ids in tokens)
        return [[int(token) for token in ids] for ids in tokens] if whole and tokens is not None else None

    async def _named_file(self) -> Path | None:
        """Return the tokenizer file that the server itself names, if it lies on this machine."""
        info = await self._client.get_json("/server_info")
        named = info.get("tokenizer_path") if isinstance(info, dict) else None
        return tokenizer_file(Path(named)) if isinstance(named, str) else None


def tokenizer_file(folder: Path) -> Path | None:
    """Return a model folder's tokenizer file, if there is one."""
    file = folder / "tokenizer.json"
    return file if file.is_file() else None


@lru_cache(maxsize=2)
def loaded(file: Path) -> Any:
    """Return the tokenizer of a tokenizer.json, in the form of the `tokenizers` package."""
    from tokenizers import Tokenizer as Fast

    return Fast.from_file(str(file))
