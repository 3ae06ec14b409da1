"""What processors there are, SGLang's own and others, and which models they name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from evals.preflight.modules import Module
from evals.preflight.symbols import Symbol, Symbols
from evals.preflight.tree import SourceTree

BASE_PROCESSOR = "sglang.srt.multimodal.processors.base_processor.BaseMultimodalProcessor"
PROCESSORS = "sglang.srt.multimodal.processors"


@dataclass(frozen=True, eq=False)
class Library:
    """Hold SGLang's sources; one can serve many checks."""

    tree: SourceTree

    @cached_property
    def processed(self) -> frozenset[str]:
        """Return the names of the models that SGLang's processors name."""
        return processed_models(self.tree.modules_in(PROCESSORS), Symbols(self.tree))


def processed_models(modules: Iterable[Module], symbols: Symbols) -> frozenset[str]:
    """Return the names of the classes in the `models` of all processors that the modules define."""
    found: set[str] = set()
    for module in modules:
        for name, bindings in module.bindings.items():
            for node in bindings:
                symbol = Symbol(f"{module.name}.{name}", module, node if isinstance(node, ast.ClassDef) else None)
                if symbol.is_class and symbols.derives(symbol, BASE_PROCESSOR):
                    found.update(_models_of(symbol, symbols))
    return frozenset(found)


def _models_of(processor: Symbol, symbols: Symbols) -> Iterator[str]:
    for base in symbols.mro(processor):
        if not isinstance(base.node, ast.ClassDef) or base.module is None:
            continue
        values = [value for target, value in _assignments(base.node) if target == "models"]
        if values:
            lists = (inner for value in values for inner in ast.walk(value) if isinstance(inner, ast.List | ast.Tuple))
            yield from (_last_name(element) for found in lists for element in found.elts)
            return


def _assignments(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for item in node.body:
        if isinstance(item, ast.Assign):
            yield from ((target.id, item.value) for target in item.targets if isinstance(target, ast.Name))
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
            yield item.target.id, item.value


def _last_name(expression: ast.expr) -> str:
    return ast.unparse(expression).rpartition(".")[2]
