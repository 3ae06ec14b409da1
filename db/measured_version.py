"""How far what was measured has come: what is made of points and promotions stays true until this changes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables_baselines import Promotion
from db.tables_history import StoredPoint


def measured_version(session: Session) -> tuple[Hashable, ...]:
    """Return the numbers and times of the newest point and the newest promotion, None where there is none.

    What is measured, scored anew or accepted gets new numbers. A transaction may bring an earlier number later, and a
    run that is tried again loses its verdict without a new one: what is kept by this should not be kept for long.
    """
    newest = (_newest(StoredPoint, StoredPoint.finished_at), _newest(Promotion, Promotion.at))
    return tuple(part for query in newest for part in session.execute(query).first() or (None, None))


def _newest(table: Any, at: Any) -> Any:
    return select(table.id, at).order_by(table.id.desc()).limit(1)
