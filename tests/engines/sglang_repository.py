"""A bare repository with SGLang's layout, made from the installed package plus a model that no release has."""

from __future__ import annotations

import os
import shutil
import subprocess
from email.parser import BytesHeaderParser
from pathlib import Path

NEW_MODEL = '''"""A model class of a pull request."""

from sglang.srt.models.llama import LlamaForCausalLM


class DemoNewLlama(LlamaForCausalLM):
    """Llama under a new name."""


EntryClass = DemoNewLlama
'''
PROJECT = """[build-system]
requires = ["setuptools>=61.0"]
build-backend = "setuptools.build_meta"

[project]
name = "sglang"
version = "{version}"
requires-python = ">=3.11"
dependencies = [
{dependencies}
]

[tool.setuptools.package-data]
"sglang" = ["**/*"]

[tool.setuptools.packages.find]
include = ["sglang*"]
"""
AUTHOR = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
COMMITTER = {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}


class SGLangRepository:
    """A bare repository at `url` with the branch `main`, and a working folder to commit from."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.work, self.bare = folder / "work", folder / "sglang.git"
        self.url = f"file://{self.bare}"
        [metadata] = package.parent.glob("sglang-*.dist-info/METADATA")
        head = BytesHeaderParser().parsebytes(metadata.read_bytes())
        self.version = str(head["Version"])
        self.requirements = [str(line) for line in head.get_all("Requires-Dist", []) if "extra ==" not in str(line)]
        python = self.work / "python"
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "_version.py")
        shutil.copytree(package, python / "sglang", ignore=ignored)
        self.write_project(self.requirements)
        _git("init", "--quiet", "--initial-branch=main", str(self.work))
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))

    def write_project(self, requirements: list[str]) -> None:
        """Declare these requirements."""
        lines = "\n".join(f"  {_quoted(line)}," for line in requirements)
        text = PROJECT.format(version=self.version, dependencies=lines)
        (self.work / "python" / "pyproject.toml").write_text(text)

    def write_model(self, text: str = NEW_MODEL) -> None:
        """Add the new model file."""
        (self.work / "python" / "sglang" / "srt" / "models" / "demo_new_llama.py").write_text(text)

    def commit(self, ref: str) -> str:
        """Commit everything and push it to a ref of the bare repository; return the commit."""
        _git("-C", str(self.work), "add", "--all", "--force")
        _git("-C", str(self.work), "commit", "--quiet", "--allow-empty", "--message=work")
        _git("-C", str(self.work), "push", "--quiet", "--force", str(self.bare), f"HEAD:{ref}")
        return _git("-C", str(self.work), "rev-parse", "HEAD").strip()


def _quoted(line: str) -> str:
    return "'" + line.replace("'", '"') + "'"


def _git(*arguments: str) -> str:
    variables = os.environ | AUTHOR | COMMITTER | {"GIT_CONFIG_GLOBAL": "/dev/null"}
    return subprocess.run(["git", *arguments], env=variables, check=True, capture_output=True, text=True).stdout
