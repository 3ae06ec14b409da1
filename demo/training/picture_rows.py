"""Picture documents as fixed-size training rows."""

import random
from collections.abc import Callable

import numpy as np

from demo.training.hints import cell_targets, character_targets
from demo.training.picture_documents import PictureDocument, printed_document, scene_document
from demo.training.segments import IMAGE_TOKEN
from demo.training.shards import Arrays
from demo.training.tokenizer import Encoder
from demo.world.drawing import SIZE
from demo.world.printed_questions import HEIGHT, WIDTH

ROW_TOKENS = 320
SHARD_ROWS = 384
EARLY_SHARDS = 400
FORMS = {"scene": (SIZE, SIZE), "printed": (HEIGHT, WIDTH)}  # heights and widths in pixels


def shard_maker(encoder: Encoder, form: str) -> Callable[[int], Arrays]:
    """Return a function that makes a shard of one form's rows; early shards hold more one-shape scenes."""

    def make(index: int) -> Arrays:
        rng = random.Random(f"vlm-{form}-{index}")
        one_shape_share = 0.4 if index < EARLY_SHARDS else 0.05
        if form == "printed":
            documents = [printed_document(rng) for _ in range(SHARD_ROWS)]
        else:
            documents = [scene_document(rng, one_shape_share) for _ in range(SHARD_ROWS)]
        return _rows(encoder, documents) | _targets(documents, form)

    return make


def _rows(encoder: Encoder, documents: list[PictureDocument]) -> Arrays:
    ids = np.zeros((len(documents), ROW_TOKENS + 1), np.uint16)
    weights = np.zeros((len(documents), ROW_TOKENS + 1), np.uint8)
    for row, encoded in enumerate(encoder([document.segments for document in documents])):
        count = min(len(encoded[0]), ROW_TOKENS + 1)
        ids[row, :count], weights[row, :count] = encoded[0][:count], encoded[1][:count]
    image_token = encoder.tokenizer.token_to_id(IMAGE_TOKEN)
    start = (ids == image_token).argmax(1).astype(np.int32)
    return {"ids": ids, "weights": weights, "start": start}


def _targets(documents: list[PictureDocument], form: str) -> Arrays:
    arrays: Arrays = {
        "pixels": np.stack([document.pixels for document in documents]),
        "cells": np.stack([cell_targets(document.scene) for document in documents]),
    }
    if form == "printed":
        arrays["characters"] = np.stack([character_targets(document.printed) for document in documents])
    return arrays
