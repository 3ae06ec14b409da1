"""indexes of pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    op.create_index("points_newest", "points", ["lineage", "side", "finished_at"], unique=False)
    op.create_index("promotions_by_result", "promotions", ["result_id", "id"], unique=False)
    op.create_index("level_changes_by_state", "level_changes", ["state", "first_at"], unique=False)
    op.create_index(
        "runs_by_tag",
        "runs",
        [sa.literal_column("(submission -> 'tags')")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("runs_by_verdict", "runs", ["verdict", "id"], unique=False)
    op.create_index("runs_open", "runs", ["id"], unique=False, postgresql_where=sa.text("state <> 'finished'"))


def downgrade() -> None:
    op.drop_index("runs_open", table_name="runs", postgresql_where=sa.text("state <> 'finished'"))
    op.drop_index("runs_by_verdict", table_name="runs")
    op.drop_index("runs_by_tag", table_name="runs", postgresql_using="gin")
    op.drop_index("level_changes_by_state", table_name="level_changes")
    op.drop_index("promotions_by_result", table_name="promotions")
    op.drop_index("points_newest", table_name="points")
