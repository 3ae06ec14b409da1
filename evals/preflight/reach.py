"""What a model is built from: every class and function that its own code mentions, from file to file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evals.preflight.modules import Module
from evals.preflight.symbols import Symbol, Symbols


@dataclass(frozen=True)
class Use:
    """Point at one mention of a symbol; call: the call, when it is called there."""

    symbol: Symbol
    module: Module
    node: ast.expr
    call: ast.Call | None


@dataclass(frozen=True)
class Reach:
    """Hold the readable definitions that make up a model, and what they mention beyond them.

    parts: classes and functions of model code. uses: every mention, by the symbol's full name.
    """

    parts: dict[str, Symbol] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)


def reach(start: Symbol, symbols: Symbols, is_model_code: Callable[[Module], bool]) -> Reach:
    """Follow a class through all that its model code mentions; what is no model code is named and not entered."""
    found = Reach()
    todo = [start]
    while todo:
        symbol = todo.pop()
        if symbol.name in found.parts or symbol.node is None or symbol.module is None:
            continue
        if symbol is not start and not is_model_code(symbol.module):
            continue
        found.parts[symbol.name] = symbol
        for use in mentions(symbol.node, symbol.module, symbols):
            found.uses.setdefault(use.symbol.name, []).append(use)
            todo.append(use.symbol)
    return found


def mentions(node: ast.AST, module: Module, symbols: Symbols) -> Iterator[Use]:
    """Yield what a piece of code mentions, without its annotations."""
    calls = {id(inner.func): inner for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    todo = list(_children(node))
    while todo:
        inner = todo.pop()
        if isinstance(inner, ast.Name | ast.Attribute):
            symbol = symbols.resolve(inner, module)
            if symbol is not None:
                yield Use(symbol, module, inner, calls.get(id(inner)))
                if symbol.node is not None:
                    continue
        todo.extend(_children(inner))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        items = value if isinstance(value, list) else [value]
        yield from (item for item in items if isinstance(item, ast.AST))
