"""answers by request, repeats and rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.add_column("reports", sa.Column("scorer", sa.Text(), nullable=True))
    op.add_column("responses", sa.Column("request_sha256", sa.Text(), nullable=True))
    op.add_column("responses", sa.Column("reasoning", sa.Text(), nullable=True))
    op.add_column("responses", sa.Column("log_probabilities", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("responses", sa.Column("greedy", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("responses", sa.Column("reused_from", sa.Text(), nullable=True))
    op.create_index("responses_by_request", "responses", ["request_sha256"], unique=False)
    op.drop_column("responses", "is_greedy")
    op.drop_column("responses", "log_probability")
    op.add_column("scores", sa.Column("repeat", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("scores", sa.Column("how", sa.Text(), nullable=True))
    # Alembic does not see that a primary key has changed.
    op.drop_constraint("scores_pkey", "scores", type_="primary")
    op.create_primary_key("scores_pkey", "scores", ["job_id", "workload", "task", "doc_id", "metric", "repeat"])


def downgrade() -> None:
    op.execute("DELETE FROM scores WHERE repeat > 0")
    op.drop_constraint("scores_pkey", "scores", type_="primary")
    op.create_primary_key("scores_pkey", "scores", ["job_id", "workload", "task", "doc_id", "metric"])
    op.drop_column("scores", "how")
    op.drop_column("scores", "repeat")
    op.add_column(
        "responses", sa.Column("log_probability", sa.DOUBLE_PRECISION(precision=53), autoincrement=False, nullable=True)
    )
    op.add_column("responses", sa.Column("is_greedy", sa.BOOLEAN(), autoincrement=False, nullable=True))
    op.drop_index("responses_by_request", table_name="responses")
    op.drop_column("responses", "reused_from")
    op.drop_column("responses", "greedy")
    op.drop_column("responses", "log_probabilities")
    op.drop_column("responses", "reasoning")
    op.drop_column("responses", "request_sha256")
    op.drop_column("reports", "scorer")
