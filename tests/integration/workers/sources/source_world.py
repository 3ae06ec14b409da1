"""A nearly empty SGLang: installed from small wheels, and in a bare repository with a build of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from db.settings import Settings
from evals.spec import EngineSpec
from tests.integration.workers.test_install import LAUNCH, make_wheel
from workers.engines import install as installing
from workers.engines.install import install

SPEC = EngineSpec(kind="sglang")
PACKAGE = {
    "sglang/__init__.py": "",
    "sglang/launch_server.py": LAUNCH,
    "sglang/srt/__init__.py": "",
    "sglang/srt/server_args.py": "",
}
BACKEND = """
import os, time, zipfile
from pathlib import Path


def build_wheel(folder, config_settings=None, metadata_directory=None):
    Path("environment.txt").write_text(repr(dict(os.environ)))
    while Path("slow.txt").exists() and Path(Path("slow.txt").read_text()).exists():
        time.sleep(0.1)
    name, info = "sglang-1.5-py3-none-any.whl", "sglang-1.5.dist-info"
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        for path in sorted(Path("sglang").rglob("*.py")):
            wheel.write(path)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: sglang\\nVersion: 1.5\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "sglang"
version = "1.5"
dependencies = [{dependencies}]
"""
IDENTITY = {
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null",
}  # fmt: skip


class Installed:
    """An installed engine in a home of its own, and the wheels that pip finds.

    spied: where the newer einops writes the environment of every Python that has it.
    """

    def __init__(self, folder: Path) -> None:
        self.home, self.wheels, recipes = folder / "home", folder / "wheels", folder / "recipes"
        self.spied = folder / "spied.txt"
        self.wheels.mkdir()
        recipes.mkdir()
        for name in ("torch", "transformers"):
            make_wheel(self.wheels, name, {f"{name}/__init__.py": ""})
        for version in ("1.0", "2.0"):
            files = {"einops.py": f"VERSION = {version!r}"}
            if version == "2.0":
                files["spy.pth"] = f"import os; open({str(self.spied)!r}, 'a').write(repr(dict(os.environ)))\n"
            make_wheel(self.wheels, "einops", files, version=version)
        compiled = {"sglang/srt/fast.so": "a compiled module"}
        make_wheel(self.wheels, "sglang", PACKAGE | compiled, requires=["einops==1.0", 'numpy; extra == "more"'])
        pins = "sglang==1.0\ntorch==1.0\ntransformers==1.0\neinops==1.0\n"
        (recipes / "sglang-cpu.txt").write_text(f"--no-index\n--find-links {self.wheels}\n{pins}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(installing, "REQUIREMENTS", recipes)
            install("sglang", "cpu", settings=Settings(home=self.home), say=lambda line: None)


class World:
    """An installed engine, a repository, and a folder whose wheels may be used."""

    def __init__(self, folder: Path, home: Path, installed: Installed) -> None:
        self.folder, self.wheels = folder, folder / "wheels"
        self.work, self.bare = folder / "work", folder / "repositories" / "sglang.git"
        self.wheels.mkdir()
        (home / "engines").symlink_to(installed.home / "engines")
        git("init", "--quiet", "--initial-branch=main", str(self.work))
        git("init", "--quiet", "--bare", str(self.bare))
        self.write({f"python/{path}": text for path, text in PACKAGE.items()})
        self.write({"python/backend.py": BACKEND})
        self.require("einops==1.0")

    @property
    def settings(self) -> Settings:
        """The settings under which the repository and the wheels may be used."""
        permitted = str(self.bare.parent)
        return Settings(code_repositories=permitted, external_code_roots=str(self.wheels))

    def write(self, files: dict[str, str]) -> None:
        """Write files into the working folder."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def require(self, *requirements: str) -> None:
        """Declare these requirements."""
        self.write({"python/pyproject.toml": PROJECT.format(dependencies=str(list(requirements))[1:-1])})

    def commit(self, ref: str = "refs/heads/main") -> str:
        """Commit everything, push it to a ref, and return the commit."""
        git("-C", str(self.work), "add", "--all")
        git("-C", str(self.work), "commit", "--quiet", "--allow-empty", "--message=work")
        git("-C", str(self.work), "push", "--quiet", "--force", str(self.bare), f"HEAD:{ref}")
        return git("-C", str(self.work), "rev-parse", "HEAD").strip()

    def source(self, ref: str = "main") -> str:
        """Return the source that names a ref of the repository."""
        return f"git:file://{self.bare}@{ref}"

    def slow_down(self) -> Path:
        """Let the build wait as long as a file exists; return the file."""
        waits = self.folder / "waits"
        waits.touch()
        self.write({"python/slow.txt": str(waits)})
        return waits


def git(*arguments: str) -> str:
    """Run git as a developer would."""
    done = subprocess.run(["git", *arguments], env=os.environ | IDENTITY, check=True, capture_output=True, text=True)
    return done.stdout
