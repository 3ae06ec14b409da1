"""How tables look in a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from evals.result import Verdict

STYLES = {
    Verdict.PASS: "bold green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.INCOMPARABLE: "bold magenta",
    Verdict.ERROR: "bold red",
}


def new_table(title: str, first: str, *columns: str, numbers: bool = True) -> Table:
    """Return a table without rows; all columns but the first and the verdict's are aligned to the right."""
    table = Table(title=Text(title, style="bold"), title_justify="left")
    table.add_column(first, overflow="fold")
    for column in columns:
        right = numbers and column != "verdict"
        table.add_column(Text(column), justify="right" if right else "left", overflow="fold")
    return table
