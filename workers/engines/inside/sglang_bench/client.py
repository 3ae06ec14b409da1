"""Start one of SGLang's benchmark clients by its module's name: `python client.py MODULE ARGUMENTS`.

SGLang imports the package `datasets` for data that are not asked for here. Where it is not installed, what lies in
`absent`, last in the path, stands in for it and refuses to load anything.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0:1] = []  # this folder, of which nothing is meant to be imported
    sys.path.append(str(Path(__file__).resolve().parent / "absent"))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
