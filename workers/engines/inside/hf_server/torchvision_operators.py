"""Make torchvision's Python part importable beside a CPU build of torch.

The torchvision wheel on PyPI links CUDA libraries, so its compiled operators do not load without them, and its import
then fails on two operators nobody declared. Image processors need only the Python part. Declaring the operators is
enough; where the compiled ones load, nothing is done.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


KEPT: list[object] = []  # a declaration lives as long as its library object


def declare() -> None:
    """Declare the operators if the compiled ones cannot load; call this before transformers is imported."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if hasattr(torch.ops.torchvision, "nms") or spec is None or not spec.submodule_search_locations:
        return
    for folder in spec.submodule_search_locations:
        for compiled in Path(folder).glob("_C*.so"):
            try:
                torch.ops.load_library(compiled)
            except OSError:
                continue
            return
    library = torch.library.Library("torchvision", "DEF")
    for signature in OPERATORS:
        library.define(signature)
    KEPT.append(library)
