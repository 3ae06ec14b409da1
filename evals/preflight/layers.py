"""Rules about a language model's layers: SGLang's own attention, and its logits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.reach import Reach
from evals.preflight.subject import Subject

ATTENTION = Rule("attention", Severity.ERROR)
LOGITS = Rule("logits-processor", Severity.ERROR)

RADIX = "sglang.srt.layers.radix_attention.RadixAttention"
LAYER_ID = "layer_id"
LAYER_ID_PLACE = 4
"""RadixAttention(num_heads, head_dim, scaling, num_kv_heads, layer_id, ...)."""
CACHED_ATTENTION = (RADIX, "sglang.srt.layers.radix_linear_attention.", "sglang.srt.layers.attention.")
"""Attention and state-space layers whose state SGLang keeps."""
LOGITS_PROCESSOR = "sglang.srt.layers.logits_processor.LogitsProcessor"
POOLERS = ("sglang.srt.layers.pooler.", "sglang.srt.layers.sparse_pooler.")
LM_HEAD = "sglang.srt.layers.vocab_parallel_embedding.ParallelLMHead"
LOGITS_OUTPUT = "sglang.srt.layers.logits_processor.LogitsProcessorOutput"
REGISTRY = "sglang.srt.models.registry.ModelRegistry"


def attention(subject: Subject) -> Iterator[Finding]:
    """Find models without SGLang's attention, and RadixAttention without a layer_id."""
    for entry in subject.entries:
        reach = subject.reach_of(entry)
        if not _mentions(reach, *CACHED_ATTENTION) and not _borrows(reach):
            yield ATTENTION.at(
                *subject.place_of(entry),
                f"{entry.name} is built without RadixAttention: nothing would be kept in the KV cache",
                remedy="Attend through sglang.srt.layers.radix_attention.RadixAttention, one for each layer.",
            )
    yield from _without_layer_id(subject)


def logits_processor(subject: Subject) -> Iterator[Finding]:
    """Find models that make their logits themselves; those without a head may pool, or leave logits to a target."""
    for entry in subject.entries:
        reach = subject.reach_of(entry)
        pools = _mentions(reach, *POOLERS) and not _mentions(reach, LM_HEAD)
        if _mentions(reach, LOGITS_PROCESSOR) or pools or _borrows(reach) or _leaves_logits(reach):
            continue
        yield LOGITS.at(
            *subject.place_of(entry),
            f"{entry.name} is built without SGLang's LogitsProcessor",
            remedy="Return LogitsProcessor(config)(input_ids, hidden_states, lm_head, forward_batch) from forward.",
        )


def _leaves_logits(reach: Reach) -> bool:
    """Tell whether a model hands over hidden states and no logits, as draft models do whose target has the head."""
    calls = [use.call for use in reach.uses.get(LOGITS_OUTPUT, ()) if use.call is not None]
    given = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "next_token_logits"]
    return bool(given) and all(isinstance(value, ast.Constant) and value.value is None for value in given)


def _without_layer_id(subject: Subject) -> Iterator[Finding]:
    seen: set[int] = set()
    for use in (use for entry in subject.entries for use in subject.reach_of(entry).uses.get(RADIX, ())):
        if use.call is None or id(use.call) in seen or not subject.is_own(use.module):
            continue
        seen.add(id(use.call))
        if not _gives(use.call, LAYER_ID, LAYER_ID_PLACE):
            yield ATTENTION.at(
                use.module.path,
                use.call,
                "RadixAttention is built without a layer_id, which says whose keys and values are whose",
                remedy="Hand layer_id down from the decoder layer's index.",
            )


def _gives(call: ast.Call, name: str, place: int) -> bool:
    by_name = any(keyword.arg in (name, None) for keyword in call.keywords)
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return by_name or starred or len(call.args) > place


def _mentions(reach: Reach, *names: str) -> bool:
    """Tell whether a model mentions one of these; a name that ends with a dot stands for all below it."""
    return any(used == name or (name.endswith(".") and used.startswith(name)) for used in reach.uses for name in names)


def _borrows(reach: Reach) -> bool:
    """Tell whether a model takes others out of SGLang's registry while it runs."""
    return any(used == REGISTRY or used.startswith(f"{REGISTRY}.") for used in reach.uses)
