"""The metrics Plumbline knows: one constant each, with unit, direction and kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"


class Kind(StrEnum):
    """How a metric is judged."""

    ACCURACY = "accuracy"
    PERFORMANCE = "performance"
    PARITY = "parity"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Name something that is measured; whoever shows metrics loops over all of them."""

    name: str
    title: str
    unit: str
    direction: Direction
    kind: Kind


EXACT_MATCH = Metric(
    name="exact_match", title="exact match", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY
)
ACCURACY = Metric(name="acc", title="accuracy", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY)
ACCURACY_NORM = Metric(
    name="acc_norm", title="length-normalised accuracy", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY
)

DIRECTION_OF = "direction of "
"""How the facts begin that say which way a metric improves which is not known here ("direction of f1": "higher")."""

ACCURACY_OFFICIAL = Metric(
    name="acc_official",
    title="official accuracy (chance credit for unparsed answers)",
    unit="share",
    direction=Direction.HIGHER,
    kind=Kind.ACCURACY,
)

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (EXACT_MATCH, ACCURACY, ACCURACY_NORM, ACCURACY_OFFICIAL)
}
