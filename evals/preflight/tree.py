"""Find modules by their dotted names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from evals.preflight.modules import Module, parse


@dataclass(frozen=True, eq=False)
class SourceTree:
    """Find the modules of one top-level package, and those of the packages that another tree knows.

    root: the folder in which the package lies.
    """

    package: str
    root: Path
    base: SourceTree | None = None
    _known: dict[str, Module | None] = field(default_factory=dict)

    def module(self, name: str) -> Module | None:
        """Return a module, or None when it is out of reach or cannot be parsed."""
        if name.partition(".")[0] != self.package:
            return self.base.module(name) if self.base is not None else None
        if name not in self._known:
            self._known[name] = self._load(name)
        return self._known[name]

    def add(self, name: str, module: Module | None) -> None:
        """Make a module known by a name that leads nowhere."""
        self._known[name] = module

    def covers(self, name: str) -> bool:
        """Tell whether a name's package is at hand, so that what is not found in it does not exist."""
        mine = name.partition(".")[0] == self.package
        return mine or (self.base is not None and self.base.covers(name))

    def modules_in(self, package: str) -> list[Module]:
        """Return the modules that lie directly in a package, which is where SGLang looks."""
        folder = self.folder(package)
        files = sorted(folder.glob("*.py")) if folder is not None else []
        found = (self.module(f"{package}.{file.stem}") for file in files if file.name != "__init__.py")
        return [module for module in found if module is not None]

    def folder(self, name: str) -> Path | None:
        """Return a package's folder, with or without an __init__.py; None when there is none."""
        if name.partition(".")[0] != self.package:
            return self.base.folder(name) if self.base is not None else None
        folder = self.root.joinpath(*name.split("."))
        return folder if folder.is_dir() else None

    def _load(self, name: str) -> Module | None:
        place = self.root.joinpath(*name.split("."))
        for path, is_package in ((place.with_name(place.name + ".py"), False), (place / "__init__.py", True)):
            if path.is_file():
                return parse(name, path, is_package=is_package)
        return None
