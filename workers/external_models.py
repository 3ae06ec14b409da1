"""What SGLang must be told of an external package, found by reading its files: nothing of it is imported here.

SGLang 0.5.23 looks for `EntryClass` in the modules right inside SGLANG_EXTERNAL_MODEL_PACKAGE, and for subclasses of
its multimodal processor in those right inside SGLANG_EXTERNAL_MM_PROCESSOR_PACKAGE; each names its model classes in
`models`. SGLANG_EXTERNAL_MM_MODEL_ARCH is one architecture that it shall take for multimodal besides those it knows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.errors import InvalidSubmissionError
from evals.spec import EngineSpec

MODELS = "SGLANG_EXTERNAL_MODEL_PACKAGE"
PROCESSORS = "SGLANG_EXTERNAL_MM_PROCESSOR_PACKAGE"
MULTIMODAL = "SGLANG_EXTERNAL_MM_MODEL_ARCH"


def external_variables(spec: EngineSpec) -> dict[str, str]:
    """Return the variables that put an engine's external package into SGLang; {} without one.

    Raises InvalidSubmissionError when the package says too little, or more than SGLang can be told.
    """
    if spec.external_package is None:
        return {}
    folder = Path(spec.external_package)
    variables = {MODELS: folder.name}
    processors = _processors(folder) if spec.external_processor is not False else {}
    if spec.external_processor and not processors:
        processors = {folder.name: spec.architectures[:1]}
    if not processors:
        return variables
    if len(processors) > 1:
        raise _invalid(f"{' and '.join(processors)} bring multimodal processors.", "Put them into one package.")
    [(package, models)] = processors.items()
    variables[PROCESSORS] = package
    multimodal = [name for name in spec.architectures if name in models] or list(models)
    if len(multimodal) != 1:
        raise _invalid(
            f"{package} has processors for {', '.join(models) or 'no model that it names'}, and SGLang must be told "
            "of one architecture.",
            "Name it in architectures.",
        )
    return variables | {MULTIMODAL: multimodal[0]}


def _processors(folder: Path) -> dict[str, Sequence[str]]:
    """Return the packages that bring processors, this one or right inside it, with the model classes they name."""
    packages = [folder, *(path.parent for path in sorted(folder.glob("*/__init__.py")))]
    names = {package: ".".join(package.relative_to(folder.parent).parts) for package in packages}
    found = {names[package]: tuple(dict.fromkeys(_named_models(package))) for package in packages}
    return {name: models for name, models in found.items() if models}


def _named_models(package: Path) -> Iterator[str]:
    for path in sorted(package.glob("*.py")):
        if path.name == "__init__.py":
            continue
        for statement in _tree(path).body:
            if isinstance(statement, ast.ClassDef) and any(
                "Processor" in ast.unparse(base) for base in statement.bases
            ):
                yield from _models_of(statement)


def _models_of(processor: ast.ClassDef) -> Iterator[str]:
    """Yield the names in a class's `models = [A, module.B]`."""
    for statement in processor.body:
        targets = [*statement.targets] if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if not any(isinstance(target, ast.Name) and target.id == "models" for target in targets):
            continue
        for node in (
            ast.iter_child_nodes(statement.value)
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value
            else ()
        ):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise _invalid(f"{path.name} is no Python: line {line or '?'}.", "Mend the file.") from None


def _invalid(message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field="external_package")
