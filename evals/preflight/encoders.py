"""Rules about attention that is written by hand, most of it in the encoders of images and sounds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.subject import OwnClass, Subject

VISION = Rule("vision-attention", Severity.WARNING)
TEXT = Rule("attention", Severity.WARNING)

TORCH_ATTENTION = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention",
)
FOREIGN = ("flash_attn", "xformers")
"""Packages of attention kernels that SGLang chooses itself where they fit."""
TRANSFORMERS = "transformers"
ENCODER_NAMES = ("Attention", "Encoder", "EncoderLayer", "VisionModel", "VisionTransformer", "AutoModel")
PRODUCTS = frozenset({"matmul", "bmm", "baddbmm", "einsum"})


def encoder_attention(subject: Subject) -> Iterator[Finding]:
    """Find attention that is not SGLang's: torch's, another package's, transformers', or products and a softmax."""
    rule, remedy = _words(subject)
    for part in subject.own_classes():
        place, reason = _by_mention(subject, part) or (part.node, _by_hand(part.node))
        if reason is not None:
            yield rule.at(part.module.path, place, f"{part.node.name} {reason}", remedy=remedy)


def _words(subject: Subject) -> tuple[Rule, str]:
    if subject.multimodal_entries or subject.is_helper:
        return VISION, "Use VisionAttention of sglang.srt.layers.attention.vision, which is sharded and picks a kernel."
    return TEXT, "Attend through RadixAttention."


def _by_mention(subject: Subject, part: OwnClass) -> tuple[ast.expr, str] | None:
    """Return the first call of an attention that is not SGLang's."""
    calls = [(use.node, _foreign(use.symbol.name)) for use in subject.mentions(part) if use.call is not None]
    found = [(node, reason) for node, reason in calls if reason is not None]
    return min(found, key=lambda item: item[0].lineno, default=None)


def _foreign(name: str) -> str | None:
    package, _, last = name.partition(".")[0], *name.rpartition(".")[1:]
    if name in TORCH_ATTENTION or (package in FOREIGN and ("attention" in last or last.startswith("flash_attn"))):
        return f"attends with {name}"
    if package == TRANSFORMERS and name.removesuffix(".from_config").endswith(ENCODER_NAMES):
        return f"takes {'AutoModel' if name.endswith('.from_config') else last} of transformers"
    return None


def _by_hand(node: ast.ClassDef) -> str | None:
    called = {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    by_hand = "softmax" in called and called & PRODUCTS
    return "computes attention by hand, with products and a softmax" if by_hand else None
