"""Parse Python modules and say what their names are bound to, without importing any."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

STATEMENT_LISTS = ("body", "orelse", "finalbody")


_LARGEST_BYTES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Stand for a name that an import brings in; attribute: None for a module itself."""

    module: str
    attribute: str | None
    node: ast.stmt


Binding = Imported | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
"""What a module binds a name to: an import, a definition, or the value of an assignment."""


@dataclass(frozen=True, eq=False)
class Module:
    """Hold one parsed file; a package's name is that of its folder."""

    name: str
    path: Path
    tree: ast.Module
    is_package: bool = False

    @cached_property
    def bindings(self) -> Mapping[str, list[Binding]]:
        """Return what the module's names stand for, its top level first, then what functions and branches bind."""
        found: dict[str, list[Binding]] = {}
        for statement in self._statements():
            for name, binding in _bound(statement, self):
                found.setdefault(name, []).append(binding)
        return found

    @cached_property
    def star_imports(self) -> list[str]:
        """Return the modules from which all names are imported."""
        return [imported.module for imported in self.imports if imported.attribute == "*"]

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every name that the module may have: bound at its top level, in branches, by loops or by `global`."""
        found = set(self.bindings)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Global):
                found.update(node.names)
        return frozenset(found)

    @cached_property
    def imports(self) -> tuple[Imported, ...]:
        """Return every import of the file, wherever it stands."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom))
        return tuple(binding for node in nodes for _, binding in _imported(node, self))

    def _statements(self) -> Iterator[ast.stmt]:
        """Yield the statements outside of functions and classes, then the imports and classes inside of functions."""
        todo: list[ast.stmt] = list(self.tree.body)
        inner: list[ast.stmt] = []
        while todo:
            statement = todo.pop(0)
            yield statement
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner.append(statement)
                continue
            todo = [*_nested(statement), *todo]
        for outer in inner:
            for node in ast.walk(outer):
                if node is not outer and isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef):
                    yield node


def parse(name: str, path: Path, *, is_package: bool = False) -> Module | None:
    """Return a file's syntax tree, or None when it has none."""
    try:
        return Module(name, path, _tree(path), is_package)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def syntax_error(path: Path) -> tuple[int, str]:
    """Return the line and the reason why a file cannot be parsed."""
    try:
        _tree(path)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except (RecursionError, MemoryError):
        return 1, "it is nested too deeply"
    except (OSError, ValueError) as error:
        return 1, str(error)
    return 1, "unknown"


def _tree(path: Path) -> ast.Module:
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f"it is larger than {_LARGEST_BYTES:,} bytes")
    return ast.parse(path.read_bytes(), str(path))


def absolute(node: ast.ImportFrom, module: Module) -> str:
    """Return the full name of the module that `from ... import` names."""
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _nested(statement: ast.stmt) -> list[ast.stmt]:
    inside = [inner for name in STATEMENT_LISTS for inner in getattr(statement, name, ())]
    branches = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    return inside + [inner for branch in branches for inner in branch.body]


def _bound(statement: ast.stmt, module: Module) -> Iterator[tuple[str, Binding]]:
    match statement:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            yield statement.name, statement
        case ast.Import() | ast.ImportFrom():
            yield from _imported(statement, module)
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def _imported(node: ast.Import | ast.ImportFrom, module: Module) -> Iterator[tuple[str, Imported]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            source = absolute(node, module)
            yield alias.asname or alias.name, Imported(module=source, attribute=alias.name, node=node)
        elif alias.asname:
            yield alias.asname, Imported(module=alias.name, attribute=None, node=node)
        else:
            top = alias.name.partition(".")[0]  # `import a.b` binds a
            yield top, Imported(module=top, attribute=None, node=node)
