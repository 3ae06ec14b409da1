"""Run the static check over a model file or a package of them.

check_model(Path("my_models"), sglang=Path(".../site-packages/sglang"), config={...})  ->  Preflight
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.preflight import encoders, imports, interface, layers, multimodal, reimplemented, templates
from evals.preflight.findings import Finding, Severity
from evals.preflight.model import Model
from evals.preflight.places import library_of, subject_at
from evals.preflight.registered import Library
from evals.preflight.subject import Subject

RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    interface.valid_python,
    interface.entry_class,
    interface.distinct_entries,
    interface.architectures,
    imports.vllm,
    imports.imports,
    interface.forward,
    interface.load_weights,
    layers.attention,
    layers.logits_processor,
    reimplemented.rms_norm,
    reimplemented.silu_and_mul,
    encoders.encoder_attention,
    multimodal.processor,
    multimodal.pad_input_ids,
    multimodal.features,
    templates.chat_template,
)

POINTLESS = frozenset({"syntax", "entry-class", "architectures", "vllm", "imports"})
"""Rules whose errors mean that SGLang would not load this code at all, or silently another in its place."""


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """Hold what was checked and found. files: the checked ones. models: the names that EntryClass offers."""

    files: tuple[Path, ...]
    models: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that are errors."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def pointless(self) -> tuple[Finding, ...]:
        """Return the errors that make a launch pointless."""
        return tuple(finding for finding in self.errors if finding.rule in POINTLESS)


def check_model(
    path: Path,
    *,
    sglang: Path | Library,
    config: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    architectures: Sequence[str] = (),
    processors: Path | None = None,
) -> Preflight:
    """Check a model file, or all that SGLang would find in a package's folder.

    sglang: the package's folder, the one that holds it, or a checkout. config: the model's config.json. folder: the
    model's, for its chat template. architectures: asked for instead of the config's. processors: the folder of
    another package with processors. Raises InvalidSubmissionError when there is nothing to check, or no SGLang.
    """
    library = sglang if isinstance(sglang, Library) else library_of(sglang)
    model = Model(config=config, folder=folder, architectures=tuple(architectures))
    subject = subject_at(path.resolve(), library, model, processors)
    found = dict.fromkeys(finding for rule in RULES for finding in rule(subject))
    by_weight = sorted(found, key=lambda item: (item.severity is Severity.WARNING, str(item.file), item.line))
    return Preflight(
        files=tuple(module.path for module in subject.modules) + tuple(path for path, _, _ in subject.broken),
        models=tuple(entry.name for entry in subject.entries),
        findings=tuple(by_weight),
    )
