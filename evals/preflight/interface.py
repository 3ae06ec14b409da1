"""Rules about what SGLang looks for and calls: EntryClass, the architectures' names, forward and load_weights."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from evals.preflight.entries import ENTRY, entry_binding, entry_elements
from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.modules import Module
from evals.preflight.subject import Subject
from evals.preflight.symbols import Function

SYNTAX = Rule("syntax", Severity.ERROR)
ENTRY_CLASS = Rule("entry-class", Severity.ERROR)
UNREADABLE_ENTRY = Rule("entry-class", Severity.WARNING)
ARCHITECTURES = Rule("architectures", Severity.ERROR)
FORWARD = Rule("forward", Severity.ERROR)
LOAD_WEIGHTS = Rule("load-weights", Severity.ERROR)

HANDED_OVER = ("input_ids", "positions", "forward_batch")
"""What SGLang hands to a model's forward by place; the rest goes by name."""


def valid_python(subject: Subject) -> Iterator[Finding]:
    """Find files without a syntax tree; SGLang skips what it cannot import, and says so in its log alone."""
    for path, line, reason in subject.broken:
        place = ast.Pass(lineno=line, col_offset=0)
        yield SYNTAX.at(
            path,
            place,
            f"the file is no valid Python: {reason}",
            remedy="Mend it; SGLang leaves out a file that it cannot import and goes on without its models.",
        )


def entry_class(subject: Subject) -> Iterator[Finding]:
    """Find an EntryClass that is missing, or is neither a class nor a list of classes."""
    offering = [module for module in subject.modules if entry_binding(module) is not None]
    if not offering and not subject.broken and not subject.is_helper:
        yield ENTRY_CLASS.at(
            subject.modules[0].path if subject.modules else subject.path,
            None,
            f"no EntryClass in {subject.path.name}: SGLang finds no model here",
            remedy=_where_to_add(subject),
        )
    for module in offering:
        elements = entry_elements(module)
        if isinstance(entry_binding(module), ast.Tuple):
            yield ENTRY_CLASS.at(
                module.path,
                elements[0] if elements else None,
                "EntryClass is a tuple, which SGLang takes for a class",
                remedy="Write a list: EntryClass = [First, Second].",
            )
        for element in elements:
            yield from _no_class(subject, module, element)


def distinct_entries(subject: Subject) -> Iterator[Finding]:
    """Find classes of one name in the EntryClass of several places; SGLang asserts that there are none."""
    counts = Counter(entry.name for entry in subject.entries)
    seen: set[str] = set()
    for entry in subject.entries:
        if counts[entry.name] > 1 and entry.name in seen:
            yield ENTRY_CLASS.at(
                entry.module.path,
                entry.place,
                f"EntryClass names {entry.name} for the second time in this package: SGLang refuses the package",
                remedy="Offer each name once.",
            )
        seen.add(entry.name)


def architectures(subject: Subject) -> Iterator[Finding]:
    """Find an EntryClass that offers none of the names that the model asks for."""
    wanted, names = subject.model.wanted, [entry.name for entry in subject.entries]
    if wanted is None or not names or set(wanted) & set(names):
        return
    entry = subject.entries[0]
    yield ARCHITECTURES.at(
        entry.module.path,
        entry.place,
        f"EntryClass offers {', '.join(names)}, and the model asks for {', '.join(wanted) or 'nothing'}: SGLang would "
        "serve it with another implementation",
        remedy="Name the class as config.json's architectures do, or override the architectures with the class's name.",
    )


def forward(subject: Subject) -> Iterator[Finding]:
    """Find models whose forward is missing, or takes other things than SGLang hands over."""
    for entry in subject.entries:
        if subject.at_run_time(entry, "forward"):
            continue
        found = subject.symbols.method(entry.symbol, "forward")
        if found is None:
            yield FORWARD.at(
                *subject.place_of(entry),
                f"{entry.name} has no forward",
                remedy="Define forward(self, input_ids, positions, forward_batch, ...), or inherit it from a model.",
            )
        elif not _takes_batch(found[1]):
            owner, method = found
            own = owner.module is not None and subject.is_own(owner.module)
            yield FORWARD.at(
                *((owner.module.path, method) if own and owner.module else subject.place_of(entry)),
                f"forward of {entry.name} takes ({', '.join(_parameters(method))}) where SGLang hands over "
                f"({', '.join(HANDED_OVER)}) by place",
                remedy="Let forward begin with self, input_ids, positions, forward_batch.",
            )


def load_weights(subject: Subject) -> Iterator[Finding]:
    """Find models without load_weights."""
    for entry in subject.entries:
        has = subject.symbols.has_attribute(entry.symbol, "load_weights")
        if not has and not subject.at_run_time(entry, "load_weights"):
            yield LOAD_WEIGHTS.at(
                *subject.place_of(entry),
                f"{entry.name} has no load_weights: nobody would read its weights",
                remedy="Define load_weights(self, weights), which puts each (name, tensor) into its parameter.",
            )


def _where_to_add(subject: Subject) -> str:
    if subject.package is not None and entry_binding(subject.package) is not None:
        return f"Move {ENTRY} into a module of the package; SGLang does not look into its __init__.py."
    return f"Add {ENTRY} = YourModelForCausalLM at the end of the module that defines the class."


def _no_class(subject: Subject, module: Module, element: ast.expr) -> Iterator[Finding]:
    symbol, text = subject.symbols.resolve(element, module), ast.unparse(element)
    if symbol is not None and symbol.is_class:
        return
    if isinstance(element, ast.Constant) or (symbol is not None and isinstance(symbol.node, Function)):
        message, remedy, rule = f"EntryClass names {text}, which is no class", "Name the class itself.", ENTRY_CLASS
    elif isinstance(element, ast.Name) and symbol is None:
        message, rule = f"EntryClass names {text}, which the file neither defines nor imports", ENTRY_CLASS
        remedy = "Define or import the class."
    else:
        message, rule = (
            f"the class behind {text} in EntryClass cannot be found without running the file",
            UNREADABLE_ENTRY,
        )
        remedy = "Define the class in the file, or import it by its name."
    yield rule.at(module.path, element, message, remedy=remedy)


def _parameters(method: Function) -> list[str]:
    arguments = method.args
    plain = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return plain + ([f"*{arguments.vararg.arg}"] if arguments.vararg else [])


def _takes_batch(method: Function) -> bool:
    """Tell whether a forward takes the three by place; `*args` takes whatever it is not told about."""
    named = _parameters(method)[1:]
    plain = [name for name in named if not name.startswith("*")]
    if len(plain) < len(HANDED_OVER):
        return len(named) > len(plain) and tuple(plain) == HANDED_OVER[: len(plain)]
    return tuple(plain[: len(HANDED_OVER)]) == HANDED_OVER
