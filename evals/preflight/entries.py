"""The classes that a model file offers to SGLang: its EntryClass."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from evals.preflight.modules import Imported, Module
from evals.preflight.symbols import Symbol, Symbols

ENTRY = "EntryClass"


@dataclass(frozen=True)
class Entry:
    """Hold one class that a file's EntryClass names; place: where it does."""

    symbol: Symbol
    module: Module
    place: ast.expr

    @property
    def name(self) -> str:
        """Return the class's own name, which SGLang compares with the config's architectures."""
        return self.symbol.node.name if isinstance(self.symbol.node, ast.ClassDef) else self.symbol.name


def entry_binding(module: Module) -> ast.expr | Imported | ast.stmt | None:
    """Return what a file binds EntryClass to at last; None when it does not."""
    return next(reversed(module.bindings.get(ENTRY, [])), None)


def entry_elements(module: Module) -> list[ast.expr]:
    """Return the expressions that a file's EntryClass lists, or the one that it is."""
    binding = entry_binding(module)
    if binding is None:
        return []
    if isinstance(binding, ast.List | ast.Tuple):
        return list(binding.elts)
    if isinstance(binding, ast.expr):
        return [binding]
    place = binding.node if isinstance(binding, Imported) else binding
    return [ast.copy_location(ast.Name(id=ENTRY, ctx=ast.Load()), place)]


def entries_of(module: Module, symbols: Symbols) -> Iterator[Entry]:
    """Yield the readable classes that a file offers."""
    for element in entry_elements(module):
        symbol = symbols.resolve(element, module)
        if symbol is not None and symbol.is_class:
            yield Entry(symbol, module, element)
