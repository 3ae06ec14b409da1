"""What the static check found: each breach of a rule with its place and its remedy."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PREFLIGHT = "preflight"
"""Under which the findings stand among a job's facts and a report's settings, one line each."""


class Severity(StrEnum):
    """ERROR: the model does not load, or answers wrongly. WARNING: it works worse than it could, or not everywhere."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Name one breach of one rule; line: from 1."""

    rule: str
    severity: Severity
    file: Path
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return the finding on one line, as a job's facts and a report show it."""
        return f"{self.file.name}:{self.line}: {self.severity} [{self.rule}] {self.message}"


@dataclass(frozen=True)
class Rule:
    """Make one rule's findings."""

    name: str
    severity: Severity

    def at(self, file: Path, node: ast.AST | None, message: str, *, remedy: str) -> Finding:
        """Return a finding at a node's line, or at the first."""
        line = getattr(node, "lineno", 1)
        return Finding(rule=self.name, severity=self.severity, file=file, line=line, message=message, remedy=remedy)
