"""Build engines' Python environments from the pinned requirements beside this file.

    install("sglang", "cpu", settings=settings, say=print)  ->  Manifest

A folder becomes an environment by its manifest, which is written last, after a check that the engine imports: what an
interrupted install leaves is removed by the next one. A lock file keeps two installs apart; the kernel frees it when
its holder dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from db.settings import Settings
from evals.errors import InstallError
from evals.spec import EngineSpec
from workers.engines.environments import Manifest, folder_of, interpreter, read_manifest
from workers.engines.options import options_in_help
from workers.engines.pip import pip_versions, run_pip, run_quietly
from workers.engines.registry import LOCAL_ENGINES, local_engine
from workers.sources.made import MANIFEST as SOURCE_MANIFEST
from workers.sources.made import made

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
MAIN_PACKAGE = {kind: engine.main_package for kind, engine in LOCAL_ENGINES.items()}
TORCH = re.compile(r"^torch==\S+", re.MULTILINE)
VERSION = re.compile(r"[0-9][A-Za-z0-9.!+]*")

Say = Callable[[str], None]


def install(engine: str, device: str, *, settings: Settings, version: str | None = None, say: Say) -> Manifest:
    """Build an engine's environment, or return its manifest when it is up to date; raise InstallError.

    version: of the engine's own package in place of the pinned one. say: takes one line of progress at a time.
    """
    text = requirements_text(engine, device, version)
    wanted = hashlib.sha256(text.encode()).hexdigest()
    folder = folder_of(engine, device, settings)
    with locked(folder):
        present = read_manifest(folder)
        if present and present.requirements_sha256 == wanted and present.python == platform.python_version():
            say(f"{engine} {present.version} is installed and up to date: {folder}")
            return present
        if folder.exists():
            say("removing the " + ("outdated" if present else "unfinished") + f" environment {folder}")
            shutil.rmtree(folder)
        _build(engine, device, folder, text, say)
        manifest = _manifest(engine, device, folder, wanted)
        manifest.write(folder)
    say(f"{engine} {manifest.version} is ready: {folder}")
    return manifest


def remove(engine: str, device: str, *, settings: Settings) -> bool:
    """Delete an engine's environment; tell whether there was one."""
    folder = folder_of(engine, device, settings)
    if not folder.exists():
        return False
    with locked(folder):
        (folder / "manifest.json").unlink(missing_ok=True)
        shutil.rmtree(folder)
    return True


def remove_source(name: str, *, settings: Settings) -> bool:
    """Delete a source that was made ready; tell whether there was one."""
    folder = next((folder for folder, _ in made(settings) if folder.name == name), None)
    if folder is None:
        return False
    with locked(folder):
        (folder / SOURCE_MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder)
    return True


def requirements_text(engine: str, device: str, version: str | None = None) -> str:
    """Return the pinned requirements, the engine's own package in another version if one is given."""
    path = REQUIREMENTS / f"{engine}-{device}.txt"
    if not path.exists():
        known = ", ".join(sorted(file.stem.replace("-", " on ") for file in REQUIREMENTS.glob("*.txt")))
        raise InstallError(f"There is no recipe for {engine} on {device}.", remedy=f"Install one of: {known}.")
    text = path.read_text()
    if version is None:
        return text
    if not VERSION.fullmatch(version):
        raise InstallError(f"{version!r} is no version.", remedy="Write it as PyPI does, such as 0.5.23.")
    pin = re.compile(rf"^{MAIN_PACKAGE[engine]}(\[[\w,]+\])?==\S+", re.MULTILINE)
    return pin.sub(rf"{MAIN_PACKAGE[engine]}\1=={version}", text)


def _build(engine: str, device: str, folder: Path, text: str, say: Say) -> None:
    say(f"creating an environment with Python {platform.python_version()} in {folder}")
    run_quietly([sys.executable, "-m", "venv", str(folder)], failure="Creating the environment failed")
    requirements = folder / "requirements.txt"
    requirements.write_text(text)
    # The CPU sets are complete freezes; resolving them again would pull in the packages they leave out on purpose.
    complete = ["--no-deps"] if device == "cpu" else []
    run_pip(interpreter(folder), ["install", *complete, "-r", str(requirements)], folder=folder, say=say)
    torch = TORCH.search(text)
    if complete and torch:
        # An index may offer torch as a CUDA build alone, which does not import without its nvidia-* packages. A CPU
        # build adds nothing here; the pins of the set hold as constraints.
        pinned = ["--constraint", str(requirements)]
        run_pip(interpreter(folder), ["install", *pinned, torch.group()], folder=folder, say=say)
    say("checking that it imports")
    check_import(engine, device, folder)


def check_import(engine: str, device: str, folder: Path) -> None:
    """Raise InstallError unless the environment's interpreter imports the engine."""
    code = local_engine(engine).import_check(device)
    run_quietly(
        [str(interpreter(folder)), "-c", code],
        additions=_additions(engine, device),
        failure=f"The new environment cannot run `{code}`",
    )


def _manifest(engine: str, device: str, folder: Path, requirements_sha256: str) -> Manifest:
    versions = pip_versions(interpreter(folder))
    return Manifest(
        engine=engine,
        device=device,
        version=versions[MAIN_PACKAGE[engine]],
        python=platform.python_version(),
        requirements_sha256=requirements_sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        size_bytes=size_bytes(folder),
        versions=versions,
        options=tuple(sorted(_read_options(engine, device, folder))),
    )


def _read_options(engine: str, device: str, folder: Path) -> frozenset[str]:
    """Ask the engine for its options; a host that cannot even print them (no GPU driver) has none to offer."""
    command = local_engine(engine).help_command(interpreter(folder))
    try:
        text = run_quietly(command, additions=_additions(engine, device) | {"COLUMNS": "1000"}, failure="--help failed")
    except InstallError:
        return frozenset()
    return options_in_help(text)


def _additions(engine: str, device: str) -> dict[str, str]:
    return local_engine(engine).environment(EngineSpec(kind=engine, device=device))


def size_bytes(folder: Path) -> int:
    """Return what a folder takes on disk, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from working on a folder; raise InstallError that names the one that does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.parent / f".{folder.name}.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise InstallError(
                f"Process {lock.read().strip() or 'of another install'} is working on {folder}.",
                remedy="Wait until it has finished.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
