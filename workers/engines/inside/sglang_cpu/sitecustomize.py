"""Prepare an SGLang process for a machine without a GPU; Python runs this at start-up if its folder is on PYTHONPATH.

The torchvision wheel on PyPI links CUDA libraries, so its compiled operators cannot load beside a CPU build of torch.
SGLang and transformers need only torchvision's Python part, which imports once two operators have a declaration.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class TorchvisionOperators:
    """Declare torchvision's operators just before its first import; processes without torchvision pay nothing."""

    library: object = None

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Find nothing itself; the usual finders import torchvision once its operators are declared."""
        if name != "torchvision":
            return
        sys.meta_path.remove(self)  # type: ignore[arg-type]  # a finder needs find_spec alone
        if not compiled_operators_load():
            import torch

            TorchvisionOperators.library = library = torch.library.Library("torchvision", "DEF")  # kept alive
            for signature in OPERATORS:
                library.define(signature)


def compiled_operators_load() -> bool:
    """Tell whether torchvision's operators are declared or its own load, as those of a CPU build would."""
    import torch

    if hasattr(torch.ops.torchvision, "nms"):
        return True
    spec = importlib.util.find_spec("torchvision")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for library in Path(folder).glob("_C*.so"):
            try:
                torch.ops.load_library(library)
            except OSError:
                continue
            return True
    return False


def run_shadowed_sitecustomize() -> None:
    """Run the environment's own sitecustomize, which this file hides by coming first on the path."""
    here = Path(__file__).resolve().parent
    others = [entry for entry in sys.path if Path(entry).resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads otherwise spin, and starve on a shared machine
sys.meta_path.insert(0, TorchvisionOperators())  # type: ignore[arg-type]  # a finder needs find_spec alone
run_shadowed_sitecustomize()
