"""How often verdicts are wrong: `python -m benchmarks.operating_characteristics [--draws N] [--quick]`.

Pairs of right and wrong answers are drawn with a known truth and judged by the code that judges runs. Two engines that
serve the same model in bfloat16 disagree on 2 to 8 % of the items; 2, 4 and 8 % are simulated. A true drop differs by
subject: from none to twice its mean. A drop is **found** when the comparison does not pass and says that the candidate
is worse (interval wholly below 0); it **fails** only when it is surely larger than the margin, which a drop of about
the margin never is. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.characteristics import coverage, graded, sequences, verdicts

QUICK = 500
SEQUENCES = 5
"""Sequences are looked at after every item, which takes long: so many times fewer are drawn."""


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Simulate verdicts, intervals and early stopping.")
    parser.add_argument("--draws", type=int, default=10_000, help="of each design")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws of each design")
    parser.add_argument("--seed", type=int, default=1234)
    chosen = parser.parse_args()
    draws = QUICK if chosen.quick else max(chosen.draws, SEQUENCES)
    few = max(1, draws // SEQUENCES)
    parts = (
        (f"Verdicts ({draws:,} runs each)", lambda: verdicts.table(draws, chosen.seed)),
        (f"Coverage ({draws:,} draws each)", lambda: coverage.table(draws, chosen.seed)),
        (f"Scores between 0 and 1 ({few:,} draws each)", lambda: graded.table(few, chosen.seed)),
        (f"A drop of exactly the margin ({few:,} sequences each)", lambda: sequences.error_table(few, chosen.seed)),
        (f"Early stopping ({few:,} sequences each)", lambda: sequences.saving_table(few, chosen.seed)),
    )
    for title, table in parts:
        started = time.monotonic()
        print(f"\n### {title}\n", *table(), f"\n({time.monotonic() - started:.0f} s)", sep="\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
