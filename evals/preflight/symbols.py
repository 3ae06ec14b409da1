"""Say what a name stands for: follow imports, re-exports, assignments and inheritance through the source tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from evals.preflight.modules import Imported, Module
from evals.preflight.tree import SourceTree

_DEEPEST = 40
_MOST_BASES = 200
"""How many imports, assignments and bases are followed; a circle ends here."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Symbol:
    """Name what an expression stands for.

    name: dotted and full ("torch.nn.Module"). module, node: where it is defined, if that can be read; node is a class,
    a function or an assigned expression.
    """

    name: str
    module: Module | None = None
    node: ast.AST | None = None

    @property
    def is_class(self) -> bool:
        """Tell whether the class's definition can be read."""
        return isinstance(self.node, ast.ClassDef)


@dataclass(frozen=True)
class Symbols:
    """Resolve names in the modules of a source tree."""

    tree: SourceTree
    _known: dict[tuple[str, str], Symbol | None] = field(default_factory=dict, compare=False)

    def resolve(self, expression: ast.expr, module: Module, depth: int = 0) -> Symbol | None:
        """Return what an expression stands for, or None when only running it could tell."""
        if depth > _DEEPEST:
            return None
        match expression:
            case ast.Name(id=name):
                return self.named(name, module, depth + 1)
            case ast.Attribute(value=value, attr=attribute):
                owner = self.resolve(value, module, depth + 1)
                return self._attribute(owner, attribute, depth) if owner else None
            case ast.Subscript(value=value):
                return self.resolve(value, module, depth + 1)
            case ast.IfExp(body=body, orelse=other):
                return self.resolve(body, module, depth + 1) or self.resolve(other, module, depth + 1)
            case ast.Call(func=ast.Name(id="partial") | ast.Attribute(attr="partial"), args=[first, *_]):
                return self.resolve(first, module, depth + 1)
        return None

    def named(self, name: str, module: Module, depth: int = 0) -> Symbol | None:
        """Return what a name stands for in a module, a definition that can be read before one that cannot."""
        key = module.name, name
        if key not in self._known:
            self._known[key] = None  # what refers to itself stands for nothing
            self._known[key] = self._named(name, module, depth)
        return self._known[key]

    def _named(self, name: str, module: Module, depth: int) -> Symbol | None:
        found: Symbol | None = None
        for binding in module.bindings.get(name, ()):
            symbol = self._bound(name, binding, module, depth)
            if symbol is not None and symbol.node is not None:
                return symbol
            found = found or symbol
        if found is None and depth <= _DEEPEST:
            for source in module.star_imports:
                other = self.tree.module(source)
                if other is not None and (symbol := self.named(name, other, depth + 1)):
                    return symbol
        return found

    def mro(self, symbol: Symbol) -> list[Symbol]:
        """Return a class and all it inherits from, the nearest first; of unreadable bases the names alone."""
        found: list[Symbol] = []
        self._collect(symbol, found, set())
        return found[::-1]

    def method(self, symbol: Symbol, name: str) -> tuple[Symbol, Function] | None:
        """Return a class's method and the class that defines it, its own or inherited."""
        for base in self.mro(symbol):
            if (found := own_method(base, name)) is not None:
                return base, found
        return None

    def has_attribute(self, symbol: Symbol, name: str) -> bool:
        """Tell whether a class has a method or a class attribute of this name."""
        return any(name in class_names(base.node) for base in self.mro(symbol) if isinstance(base.node, ast.ClassDef))

    def derives(self, symbol: Symbol, *names: str) -> bool:
        """Tell whether a class is one of these or inherits from one; names are dotted and full."""
        return any(base.name in names for base in self.mro(symbol))

    def _collect(self, symbol: Symbol, found: list[Symbol], seen: set[str]) -> None:
        """Add a class behind all its bases, each once; the last base first, so that shared ones come before all."""
        seen.add(symbol.name)
        if len(seen) <= _MOST_BASES and isinstance(symbol.node, ast.ClassDef) and symbol.module is not None:
            for node in reversed(symbol.node.bases):
                base = self.resolve(node, symbol.module)
                if base is not None and base.name not in seen:
                    self._collect(base, found, seen)
        found.append(symbol)

    def _bound(self, name: str, binding: object, module: Module, depth: int) -> Symbol | None:
        if depth > _DEEPEST:
            return None
        match binding:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                return Symbol(f"{module.name}.{name}", module, binding)
            case Imported(module=source, attribute=None):
                return Symbol(source)
            case Imported(module=source, attribute=str(attribute)):
                return self._attribute(Symbol(source), attribute, depth)
            case ast.expr():
                value = self.resolve(binding, module, depth + 1)
                return value or Symbol(f"{module.name}.{name}", module, binding)
        return None

    def _attribute(self, owner: Symbol, attribute: str, depth: int) -> Symbol | None:
        full = f"{owner.name}.{attribute}"
        if owner.node is not None:
            return Symbol(full)
        source = self.tree.module(owner.name)
        if source is not None and (found := self.named(attribute, source, depth + 1)):
            return found
        return Symbol(full)


def own_method(symbol: Symbol, name: str) -> Function | None:
    """Return a method that the class itself defines."""
    if not isinstance(symbol.node, ast.ClassDef):
        return None
    return next((item for item in symbol.node.body if isinstance(item, Function) and item.name == name), None)


def class_names(node: ast.ClassDef) -> set[str]:
    """Return the names that a class body defines or assigns."""
    return set(_class_names(node))


def _class_names(node: ast.ClassDef) -> Iterator[str]:
    for item in ast.walk(node):
        if isinstance(item, Function) and item in node.body:
            yield item.name
    for item in node.body:
        if isinstance(item, ast.Assign):
            yield from (target.id for target in item.targets if isinstance(target, ast.Name))
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield item.target.id
