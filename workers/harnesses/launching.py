"""Lay out a run of sgl-eval in a folder, and start the driver there with an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.result import Response, SampleKey
from evals.sgl_eval.items import item_line, pictures_of
from workers import process as processes
from workers.environment import engine_environment
from workers.harnesses.environments import HarnessEnvironment
from workers.process import GuardedProcess

INSIDE = Path(__file__).resolve().parent / "inside"
"""The folder with our code that runs inside the harness's own Python environment."""

KEY = "HARNESS_API_KEY"
RECORDS = "records.jsonl"
TRIES = 6
"""How often sgl-eval's sampler tries a request, with pauses of 1, 2, 4 ... seconds; its command line's number."""


@contextmanager
def working_folder(log_path: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield an empty folder, which is removed in the end, and the log's path.

    The folder lies beside the log, where the next run with that log finds and removes what a killed worker left;
    without a log, both are temporary.
    """
    if log_path is None:
        with TemporaryDirectory(prefix="plumbline-sgl-eval-") as temporary:
            yield Path(temporary), Path(temporary) / "sgl-eval.log"
        return
    log_path = log_path.absolute()
    folder = log_path.with_name(f"{log_path.stem}.work")
    shutil.rmtree(folder, ignore_errors=True)
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)
    try:
        yield folder, log_path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lay_out(
    folder: Path, *, arguments: Sequence[str], items: Sequence[Mapping[str, Any]], answered: Iterable[Response]
) -> None:
    """Write the driver's input into an empty folder; raise DatasetError."""
    (folder / "pictures").mkdir()
    (folder / "tmp").mkdir()
    (folder / RECORDS).touch()
    with (folder / "items.jsonl").open("w") as lines:
        for doc_id, item in enumerate(items):
            lines.write(item_line(item, doc_id=doc_id) + "\n")
            for sha256, data in pictures_of(item):
                (folder / "pictures" / sha256).write_bytes(data)
    with (folder / "answered.jsonl").open("w") as lines:
        lines.writelines(json.dumps(_stored(response)) + "\n" for response in answered)
    (folder / "job.json").write_text(json.dumps({"arguments": list(arguments), "tries": TRIES}))


def wanted(answered: Mapping[SampleKey, Response], *, benchmark: str, items: int, repeats: int) -> list[Response]:
    """Return the stored answers that belong to the items; others are asked for no longer."""
    return [
        response
        for key, response in answered.items()
        if key.task == benchmark and key.doc_id < items and key.repeat < repeats
    ]


def start_driver(
    environment: HarnessEnvironment, folder: Path, *, log_path: Path, api_key: str | None
) -> GuardedProcess:
    """Start the driver behind a keeper; its output goes to the log, its records to the folder."""
    command = [str(environment.interpreter), "-P", "-m", "sgl_eval_driver", str(folder / "job.json")]
    variables = driver_variables(os.environ, folder, api_key=api_key)
    return processes.start(command, environment=variables, folder=folder, log_path=log_path)


def driver_variables(ours: Mapping[str, str], folder: Path, *, api_key: str | None) -> dict[str, str]:
    """Return the driver's environment out of the worker's: nothing secret but the engine's own key.

    Home and temporary files lie in the folder: presets and tokens of a person have no part in a score, and nothing
    stays behind.
    """
    additions = {
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TQDM_DISABLE": "1",
        "PYTHONPATH": str(INSIDE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if api_key:
        additions[KEY] = api_key
    variables = engine_environment(ours, additions=additions, devices=(), threads=1)
    for name in ("HF_HUB_CACHE", "XDG_CACHE_HOME"):
        variables.pop(name, None)
    return variables


def _stored(response: Response) -> dict[str, Any]:
    return {
        "doc_id": response.key.doc_id,
        "repeat": response.key.repeat,
        "request_sha256": response.request_sha256,
        "text": response.text,
        "finish_reason": response.finish_reason,
    }
