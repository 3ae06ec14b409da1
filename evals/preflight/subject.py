"""What is checked: the model files, the classes that they offer to SGLang, and the model they are meant for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from evals.preflight.entries import Entry, entries_of
from evals.preflight.model import Model
from evals.preflight.modules import Imported, Module
from evals.preflight.reach import Reach, Use, mentions, reach
from evals.preflight.registered import Library, processed_models
from evals.preflight.symbols import Symbol, Symbols, class_names

SGLANG = "sglang"
SGLANG_MODELS = "sglang.srt.models"
MM_ROUTINE = "sglang.srt.managers.mm_utils.general_mm_embed_routine"
FEATURE_METHODS = ("get_image_feature", "get_video_feature", "get_audio_feature")
DRAFT = re.compile(r"(NextN|MTP|Eagle\d*|DSpark|DFlash\w*|Draft\w*)$")
"""How the names of speculative decoding's draft models end."""


class OwnClass(NamedTuple):
    """Hold a class of the checked files."""

    symbol: Symbol
    module: Module
    node: ast.ClassDef


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Hold all that the rules look at.

    path: what was named. modules: the files that SGLang would look through, parsed. package: a package's __init__.
    broken: files without a syntax tree, with line and reason. is_helper: whether the one file has no EntryClass and
    a neighbour uses it. processors: modules searched for processors besides SGLang's own.
    """

    path: Path
    symbols: Symbols
    modules: tuple[Module, ...]
    library: Library
    model: Model
    package: Module | None = None
    broken: tuple[tuple[Path, int, str], ...] = ()
    is_helper: bool = False
    processors: tuple[Module, ...] = ()
    _reaches: dict[str, Reach] = field(default_factory=dict)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Return the readable classes that the files offer."""
        return tuple(entry for module in self.modules for entry in entries_of(module, self.symbols))

    @cached_property
    def processed(self) -> frozenset[str]:
        """Return the names of the models that a processor names, SGLang's or one that comes along."""
        return self.library.processed | processed_models(self.processors, self.symbols)

    @cached_property
    def multimodal_entries(self) -> tuple[Entry, ...]:
        """Return the entries that take more than text: by their methods, by a processor, or by the config.

        Draft models are none, though they inherit from their target: they go on from its hidden states.
        """
        whole = (entry for entry in self.entries if not DRAFT.search(entry.name))
        return tuple(entry for entry in whole if self.model.modalities or self._takes_more(entry))

    def _takes_more(self, entry: Entry) -> bool:
        methods = any(self.symbols.has_attribute(entry.symbol, name) for name in FEATURE_METHODS)
        return methods or entry.name in self.processed or MM_ROUTINE in self.reach_of(entry).uses

    def reach_of(self, entry: Entry) -> Reach:
        """Return what an entry is built from."""
        name = entry.symbol.name
        if name not in self._reaches:
            self._reaches[name] = reach(entry.symbol, self.symbols, self.is_model_code)
        return self._reaches[name]

    def is_model_code(self, module: Module) -> bool:
        """Tell whether a module is a model's, to be entered from file to file."""
        return self.is_own(module) or module.name.startswith(f"{SGLANG_MODELS}.")

    def is_own(self, module: Module) -> bool:
        """Tell whether a module is part of what is checked, rather than of SGLang."""
        return module.name.partition(".")[0] != SGLANG or any(module.path == own.path for own in self.modules)

    @cached_property
    def own_modules(self) -> tuple[Module, ...]:
        """Return the checked files and those of their own package or folder that their models are built from."""
        found = {module.path: module for module in self.modules}
        for entry in self.entries:
            for part in self.reach_of(entry).parts.values():
                if part.module is not None and self.is_own(part.module):
                    found.setdefault(part.module.path, part.module)
        return tuple(found.values())

    def mentions(self, part: OwnClass) -> Iterator[Use]:
        """Yield what a class mentions."""
        return mentions(part.node, part.module, self.symbols)

    def has(self, imported: Imported) -> bool:
        """Tell whether an import leads to something, as far as its sources are at hand."""
        tree = self.symbols.tree
        if not tree.covers(imported.module):
            return True
        module = tree.module(imported.module)
        if imported.attribute in (None, "*"):
            return module is not None or tree.folder(imported.module) is not None
        if module is not None and (module.star_imports or {imported.attribute, "__getattr__"} & module.names):
            return True
        inner = f"{imported.module}.{imported.attribute}"
        return tree.module(inner) is not None or tree.folder(inner) is not None

    def place_of(self, entry: Entry) -> tuple[Path, ast.AST]:
        """Return where an entry's class is defined, if that is in a checked file, else its place in EntryClass."""
        defined = entry.symbol
        if defined.module is not None and defined.node is not None and self.is_own(defined.module):
            return defined.module.path, defined.node
        return entry.module.path, entry.place

    def at_run_time(self, entry: Entry, name: str) -> bool:
        """Tell whether an entry gets an attribute only while it runs, so that nothing can be said about it."""
        bases = [base.node for base in self.symbols.mro(entry.symbol) if isinstance(base.node, ast.ClassDef)]
        return any("__getattr__" in class_names(node) or _sets(node, name) for node in bases)

    def own_classes(self) -> Iterator[OwnClass]:
        """Yield the classes of the checked files that their models are built from; of a helper's file, all."""
        parts = [part for entry in self.entries for part in self.reach_of(entry).parts.values()]
        for module in self.modules if self.is_helper else ():
            parts += [
                Symbol(f"{module.name}.{name}", module, node)
                for name, bindings in module.bindings.items()
                for node in bindings
                if isinstance(node, ast.ClassDef)
            ]
        for part in {part.name: part for part in parts}.values():
            if isinstance(part.node, ast.ClassDef) and part.module is not None and self.is_own(part.module):
                yield OwnClass(part, part.module, part.node)


def _sets(node: ast.ClassDef, name: str) -> bool:
    """Tell whether a class assigns `self.<name>` anywhere."""
    return any(
        isinstance(inner, ast.Attribute)
        and inner.attr == name
        and isinstance(inner.ctx, ast.Store)
        and isinstance(inner.value, ast.Name)
        and inner.value.id == "self"
        for inner in ast.walk(node)
    )
