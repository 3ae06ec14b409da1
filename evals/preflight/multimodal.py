"""Rules about models that see or hear: their processor, their placeholders, their features."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from evals.preflight.entries import Entry
from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.model import CONFIG_MODALITIES
from evals.preflight.subject import FEATURE_METHODS, MM_ROUTINE, Subject

PROCESSOR = Rule("processor", Severity.ERROR)
PAD = Rule("pad-input-ids", Severity.ERROR)
FEATURES = Rule("features", Severity.ERROR)
OLD_FEATURES = Rule("features", Severity.WARNING)

MM_INPUTS = frozenset({"mm_inputs", "merge_mm_inputs", "contains_mm_inputs", "contains_image_inputs"})
"""What a forward reads of a batch when it embeds images itself."""


def processor(subject: Subject) -> Iterator[Finding]:
    """Find models that no processor names in its `models`."""
    for entry in subject.multimodal_entries:
        if entry.name not in subject.processed:
            yield PROCESSOR.at(
                *subject.place_of(entry),
                f"no processor names {entry.name} in its models: nothing would turn images into its input",
                remedy="Write a subclass of BaseMultimodalProcessor with models = [your class].",
            )


def pad_input_ids(subject: Subject) -> Iterator[Finding]:
    """Find models without pad_input_ids."""
    for entry in subject.multimodal_entries:
        if not _has(subject, entry, "pad_input_ids"):
            yield PAD.at(
                *subject.place_of(entry),
                f"{entry.name} has no pad_input_ids: prompts with different images would share the radix cache",
                remedy="Define pad_input_ids(self, input_ids, mm_inputs), which puts each image's own hash in place "
                "of its placeholders.",
            )


def features(subject: Subject) -> Iterator[Finding]:
    """Find models without get_image_feature, or without the other modalities' that their config has.

    A part of the model may have it, to which forward hands over. Models that embed images in a forward of their own
    work without, and are told.
    """
    for entry in subject.multimodal_entries:
        wanted = [CONFIG_MODALITIES[key] for key in subject.model.modalities]
        missing = [name for name in wanted if not _part_has(subject, entry, name)]
        if not wanted and not any(_part_has(subject, entry, name) for name in FEATURE_METHODS):
            missing = ["get_image_feature"]
        rule = OLD_FEATURES if _embeds_itself(subject, entry) else FEATURES
        for name in missing:
            yield rule.at(
                *subject.place_of(entry),
                f"{entry.name} has no {name}",
                remedy=f"Define {name}(self, items), which turns the processor's tensors into embeddings, and let "
                "forward call general_mm_embed_routine.",
            )


def _part_has(subject: Subject, entry: Entry, name: str) -> bool:
    parts = subject.reach_of(entry).parts.values()
    return any(subject.symbols.has_attribute(part, name) for part in parts if part.is_class)


def _embeds_itself(subject: Subject, entry: Entry) -> bool:
    """Tell whether a model reads the images out of the batch instead of leaving that to SGLang's routine."""
    parts = [part.node for part in subject.reach_of(entry).parts.values() if part.node is not None]
    read = {inner.attr for node in parts for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    return MM_ROUTINE not in subject.reach_of(entry).uses and bool(read & MM_INPUTS)


def _has(subject: Subject, entry: Entry, name: str) -> bool:
    return subject.symbols.has_attribute(entry.symbol, name) or subject.at_run_time(entry, name)
