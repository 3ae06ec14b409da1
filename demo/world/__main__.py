"""Write the eval sets: `python -m demo.world FOLDER`."""

import argparse
from pathlib import Path

from demo.world.files import write_eval_sets


def main() -> None:
    """Parse the folder and write every eval set below it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_eval_sets(parser.parse_args().folder)


if __name__ == "__main__":
    main()
