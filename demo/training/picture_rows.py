"""Picture documents as fixed-size training rows."""

import random
from collections.abc import Callable

import numpy as np

from demo.training.hints import bar_targets, cell_targets, character_targets
from demo.training.picture_documents import PictureDocument, printed_document, scene_document
from demo.training.picture_questions import KINDS, Asker
from demo.training.segments import IMAGE_TOKEN
from demo.training.shards import Arrays
from demo.training.tokenizer import Encoder
from demo.world.drawing import SIZE
from demo.world.printed_questions import HEIGHT, WIDTH

SHARD_ROWS = 384
EARLY_SHARDS = 300  # with more scenes of one shape
FORMS = {"scene": (SIZE, SIZE), "printed": (HEIGHT, WIDTH)}  # heights and widths in pixels
ROW_TOKENS = {"scene": 288, "printed": 224}


def shard_maker(encoder: Encoder, form: str) -> Callable[[int], Arrays]:
    """Return a function that makes a shard of one form's rows."""

    def make(index: int) -> Arrays:
        asker = Asker(random.Random(f"vlm-{form}-{index}"))
        one_shape_share = 0.4 if index < EARLY_SHARDS else 0.03
        if form == "printed":
            documents = [printed_document(asker) for _ in range(SHARD_ROWS)]
        else:
            documents = [scene_document(asker, one_shape_share) for _ in range(SHARD_ROWS)]
        return rows_of(encoder, documents, form)

    return make


def held_out_rows(encoder: Encoder, form: str, count: int) -> Arrays:
    """Return rows with one question each about pictures of the eval side."""
    asker = Asker(random.Random(f"held out {form}"))
    if form == "printed":
        documents = [printed_document(asker, "eval") for _ in range(count)]
    else:
        documents = [scene_document(asker, turns=1, side="eval") for _ in range(count)]
    return rows_of(encoder, documents, form)


def rows_of(encoder: Encoder, documents: list[PictureDocument], form: str) -> Arrays:
    """Return ids, loss weights, the image's first token, pixels and helper targets; long rows lose their end."""
    width = ROW_TOKENS[form] + 1
    ids = np.zeros((len(documents), width), np.uint16)
    weights = np.zeros((len(documents), width), np.uint8)
    for row, encoded in enumerate(encoder([document.segments for document in documents])):
        count = min(len(encoded[0]), width)
        ids[row, :count], weights[row, :count] = encoded[0][:count], encoded[1][:count]
    start = (ids == encoder.tokenizer.token_to_id(IMAGE_TOKEN)).argmax(1).astype(np.int32)
    return {"ids": ids, "weights": weights, "start": start} | _targets(documents, form)


def _targets(documents: list[PictureDocument], form: str) -> Arrays:
    arrays: Arrays = {
        "pixels": np.stack([document.pixels for document in documents]),
        "kinds": np.array([KINDS.index(document.kind) for document in documents], np.int8),
        "cells": np.stack([cell_targets(document.scene) for document in documents]),
        "bars": np.stack([bar_targets(document.scene) for document in documents]),
    }
    if form == "printed":
        arrays["characters"] = np.stack([character_targets(document.printed) for document in documents])
    return arrays
