"""Rules about what SGLang has already: its RMS norm and its gated activation, written again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.subject import OwnClass, Subject

NORM = Rule("rms-norm", Severity.WARNING)
GATED = Rule("silu-and-mul", Severity.WARNING)
MODULE = "torch.nn.Module"
NORMS = "sglang.srt.layers.layernorm."
RSQRT = ("rsqrt", "rms_norm")
SILU_AND_MUL = "sglang.srt.layers.activation.SiluAndMul"
SILU = "torch.nn.functional.silu"
ACTIVATIONS = ("torch.nn.SiLU", "transformers.activations.ACT2FN")


def rms_norm(subject: Subject) -> Iterator[Finding]:
    """Find norms that are written by hand, or are torch's or transformers'."""
    remedy = "Use RMSNorm of sglang.srt.layers.layernorm, which fuses the residual and quantizes."
    for part in subject.own_classes():
        if _is_hand_made_norm(subject, part):
            yield NORM.at(part.module.path, part.node, f"{part.node.name} computes an RMS norm by hand", remedy=remedy)
        for use in subject.mentions(part):
            name = use.symbol.name
            if use.call is not None and name.endswith("RMSNorm") and name.startswith(("torch.", "transformers.")):
                yield NORM.at(use.module.path, use.node, f"{name} is not SGLang's RMSNorm", remedy=remedy)


def silu_and_mul(subject: Subject) -> Iterator[Finding]:
    """Find gated activations that are written out: silu(gate) * up."""
    for part in subject.own_classes():
        if any(use.symbol.name == SILU_AND_MUL for use in subject.mentions(part)):
            continue  # it writes out the cases that the layer does not take
        for product in _gated_products(subject, part):
            yield GATED.at(
                part.module.path,
                product,
                f"{part.node.name} writes out a gated activation: {ast.unparse(product)[:60]}",
                remedy="Merge gate and up projection, and use SiluAndMul of sglang.srt.layers.activation.",
            )


def _is_hand_made_norm(subject: Subject, part: OwnClass) -> bool:
    bases, node = [base.name for base in subject.symbols.mro(part.symbol)], part.node
    if "norm" not in node.name.lower() or MODULE not in bases or any(name.startswith(NORMS) for name in bases):
        return False
    subtracts = any(isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) for inner in ast.walk(node))
    if subtracts and "rms" not in node.name.lower():
        return False  # the mean, most likely: another kind of norm
    return any(isinstance(inner, ast.Attribute) and inner.attr in RSQRT for inner in ast.walk(node))


def _gated_products(subject: Subject, part: OwnClass) -> Iterator[ast.BinOp]:
    activations = _activation_attributes(subject, part)
    for inner in ast.walk(part.node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
            for one, other in ((inner.left, inner.right), (inner.right, inner.left)):
                if _is_silu(subject, part, one, activations) and not _same_operand(one, other):
                    yield inner
                    break


def _is_silu(subject: Subject, part: OwnClass, node: ast.expr, activations: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self":
        return node.func.attr in activations
    symbol = subject.symbols.resolve(node.func, part.module)
    return symbol is not None and symbol.name == SILU


def _same_operand(call: ast.expr, other: ast.expr) -> bool:
    """Tell whether this is x * f(x), which gates nothing."""
    return isinstance(call, ast.Call) and [ast.unparse(item) for item in call.args] == [ast.unparse(other)]


def _activation_attributes(subject: Subject, part: OwnClass) -> set[str]:
    """Return the attributes of self that hold an activation of torch's or transformers'."""
    found = set()
    for inner in ast.walk(part.node):
        if isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Call | ast.Subscript):
            made = inner.value.func if isinstance(inner.value, ast.Call) else inner.value.value
            symbol = subject.symbols.resolve(made, part.module)
            if symbol is not None and symbol.name in ACTIVATIONS:
                found |= {target.attr for target in inner.targets if isinstance(target, ast.Attribute)}
    return found
