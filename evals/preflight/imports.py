"""Rules about imports: none of vLLM, and none of what this SGLang does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.subject import Subject

VLLM = Rule("vllm", Severity.ERROR)
LATER_VLLM = Rule("vllm", Severity.WARNING)
IMPORTS = Rule("imports", Severity.ERROR)
LATER_IMPORTS = Rule("imports", Severity.WARNING)


def vllm(subject: Subject) -> Iterator[Finding]:
    """Find imports of vLLM: an error where loading the file runs them, a warning below a condition or a function."""
    for module in subject.own_modules:
        for imported in module.imports:
            if imported.module.partition(".")[0] == "vllm":
                at_once = imported.node in module.tree.body
                yield (VLLM if at_once else LATER_VLLM).at(
                    module.path,
                    imported.node,
                    f"{ast.unparse(imported.node)}: SGLang's environment has no vLLM",
                    remedy="Use SGLang's layer of the same name, or bring the few lines into your file.",
                )


def imports(subject: Subject) -> Iterator[Finding]:
    """Find names imported from SGLang, or from the package itself, that are not there."""
    for module in subject.own_modules:
        tried = _tried(module.tree)
        for imported in module.imports:
            if imported.node in tried or subject.has(imported):
                continue
            at_once = imported.node in module.tree.body
            what = imported.module + (f".{imported.attribute}" if imported.attribute else "")
            yield (IMPORTS if at_once else LATER_IMPORTS).at(
                module.path,
                imported.node,
                f"there is no {what} in the sources at hand",
                remedy="Look where this version of SGLang has it; a file that cannot be imported is left out silently.",
            )


def _tried(tree: ast.Module) -> set[ast.stmt]:
    """Return the imports below a `try`, whose absence the file expects, and those for type checkers alone."""
    expected = [node for node in ast.walk(tree) if isinstance(node, ast.Try) or _is_typing_only(node)]
    return {inner for node in expected for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)}


def _is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
