"""Find what a path stands for: a file of SGLang's own tree, a file or folder of another package, or a file alone."""

from __future__ import annotations

from pathlib import Path

from evals.errors import InvalidSubmissionError
from evals.preflight.entries import entry_binding
from evals.preflight.model import Model
from evals.preflight.modules import Module, parse, syntax_error
from evals.preflight.registered import Library
from evals.preflight.subject import SGLANG, Subject
from evals.preflight.symbols import Symbols
from evals.preflight.tree import SourceTree

ALONE = "__file__"
"""Stands for the package of a file that belongs to none."""


def library_of(sglang: Path) -> Library:
    """Return SGLang's sources; raise InvalidSubmissionError when the folder holds none."""
    for place in (sglang.parent if sglang.name == SGLANG else sglang, sglang, sglang / "python"):
        if (place / SGLANG / "srt" / "models").is_dir():
            return Library(SourceTree(SGLANG, place.resolve()))
    raise InvalidSubmissionError(
        f"{sglang} holds no sources of SGLang",
        remedy="name the folder of the installed package, or of a checkout",
        field="sglang",
    )


def subject_at(path: Path, library: Library, model: Model, processors: Path | None) -> Subject:
    """Return what the rules look at; path and processors are absolute."""
    tree, package = _placed(path, library.tree)
    files = _files(path)
    modules = {file: _module(tree, package, file) for file in files}
    found = tuple(module for module in modules.values() if module is not None)
    neighbours = tree.modules_in(package)
    return Subject(
        path=path,
        symbols=Symbols(tree),
        library=library,
        modules=found,
        package=tree.module(package) if path.is_dir() else None,
        broken=tuple((file, *syntax_error(file)) for file, module in modules.items() if module is None),
        is_helper=path.is_file() and bool(found) and _is_helper(found[0], neighbours),
        model=model,
        processors=_processors(tree, package, neighbours or list(found), processors),
    )


def _placed(path: Path, tree: SourceTree) -> tuple[SourceTree, str]:
    """Return the tree in which a path can be found, and the name of the package that it is or lies in."""
    folder = path if path.is_dir() else path.parent
    root = tree.root
    if folder.is_relative_to(root / SGLANG):
        return tree, ".".join(folder.relative_to(root).parts)
    if path.is_dir() or (folder / "__init__.py").is_file():
        return SourceTree(folder.name, folder.parent, tree), folder.name
    return SourceTree(ALONE, folder, tree), ALONE


def _files(path: Path) -> list[Path]:
    """Return the files that SGLang would look through: one, or those directly in a folder."""
    if path.is_file():
        return [path]
    files = [file for file in sorted(path.glob("*.py")) if file.name != "__init__.py"] if path.is_dir() else []
    if not files and not (path / "__init__.py").is_file():
        raise InvalidSubmissionError(
            f"{path} is neither a Python file nor a folder with one",
            remedy="name a model file, or the folder of a package with model files",
            field="path",
        )
    return files


def _module(tree: SourceTree, package: str, file: Path) -> Module | None:
    name = f"{package}.{file.stem}"
    if package == ALONE:
        tree.add(name, parse(name, file))
    return tree.module(name)


def _is_helper(module: Module, neighbours: list[Module]) -> bool:
    """Tell whether a file offers no model and a neighbour takes something from it."""
    if entry_binding(module) is not None:
        return False
    package, _, stem = module.name.rpartition(".")
    return any(
        imported.module == module.name or (imported.module == package and imported.attribute == stem)
        for other in neighbours
        if other is not module
        for imported in other.imports
    )


def _processors(tree: SourceTree, package: str, own: list[Module], processors: Path | None) -> tuple[Module, ...]:
    """Return what may bring processors: the package's modules, those of packages right inside it, another package's."""
    if package.partition(".")[0] == SGLANG:
        own = []
    folder = tree.folder(package) if own else None
    inside = sorted(path.parent.name for path in folder.glob("*/__init__.py")) if folder is not None else []
    found = [*own, *(module for name in inside for module in tree.modules_in(f"{package}.{name}"))]
    if processors is not None:
        found += SourceTree(processors.name, processors.parent, tree).modules_in(processors.name)
    return tuple(found)
