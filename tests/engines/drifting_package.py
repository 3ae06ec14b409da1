"""A bare repository with 32 commits of an external model package; one of them plants a fault."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MODEL = '''"""A Llama under a name of its own; revision {revision}."""

from typing import Any

from sglang.srt.layers.rotary_embedding import get_rope
from sglang.srt.models.llama import LlamaForCausalLM
from transformers import LlamaConfig

BASE_FACTOR = {factor}


class DriftingLlama(LlamaForCausalLM):
    """Llama whose layers turn by frequencies that a constant stretches."""

    def __init__(self, config: LlamaConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        for layer in self.model.layers if BASE_FACTOR != 1.0 else ():
            attention = layer.self_attn
            attention.rotary_emb = get_rope(
                attention.head_dim,
                rotary_dim=attention.rotary_dim,
                max_position=attention.max_position_embeddings,
                base=float(attention.rope_theta * BASE_FACTOR),
                rope_scaling=None,
                is_neox_style=True,
            )


EntryClass = DriftingLlama
'''
BROKEN = "import a_module_that_nobody_has\n"


class DriftingPackage:
    """A bare repository at `url`; its package lies in `src/drifting`; `commits`: oldest first, of branch main.

    planted: the place from which on the model is damaged. broken: places at which it cannot be imported.
    """

    package = "src/drifting"
    architecture = "DriftingLlama"

    def __init__(self, folder: Path, *, length: int, planted: int, broken: tuple[int, ...] = ()) -> None:
        self.work, self.bare = folder / "work", folder / "drifting.git"
        self.url = f"file://{self.bare}"
        self.commits: list[str] = []
        _git("init", "--quiet", "--initial-branch=main", str(self.work))
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        place = self.work / self.package
        place.mkdir(parents=True)
        (place / "__init__.py").write_text('"""A model package."""\n')
        for number in range(length):
            text = MODEL.format(revision=number, factor="40.0" if number >= planted else "1.0")
            (place / "drifting_llama.py").write_text(BROKEN + text if number in broken else text)
            subject = "Stretch the frequencies" if number == planted else f"Revise, {number}"
            self.commits.append(self._commit(subject))
        _git("-C", str(self.work), "push", "--quiet", str(self.bare), "HEAD:refs/heads/main")

    def _commit(self, subject: str) -> str:
        _git("-C", str(self.work), "add", "--all")
        _git("-C", str(self.work), "commit", "--quiet", f"--message={subject}")
        return _git("-C", str(self.work), "rev-parse", "HEAD").strip()


def _git(*arguments: str) -> str:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", "Ann Author"), ("EMAIL", "ann@example.org"))}  # fmt: skip
    variables = os.environ | who | {"GIT_CONFIG_GLOBAL": "/dev/null"}
    return subprocess.run(["git", *arguments], env=variables, check=True, capture_output=True, text=True).stdout
