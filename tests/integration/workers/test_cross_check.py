"""SGLang's clients beside ours where they are missing or fail: it is told, and never ends a job; real processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.codec import from_json, to_json
from db.settings import Settings
from evals.duel.contenders import Contender
from evals.duel.cross_causes import PYTHON, RUST
from evals.duel.results import CrossCheck
from evals.duel.settings import ServingSettings
from evals.errors import CancelledError, EngineDiedError, LeaseLostError
from evals.spec import EngineSpec
from tests.engines.service import DEMO_MODEL
from tests.unit.evals.serving.scripted import serving, simple, whole
from workers.cross_check import cross_checks
from workers.engines.environments import Manifest

SMALL = ServingSettings(concurrency="1,2", requests=4, input_len="20", output_len="3")
BOTH = [(PYTHON, 1), (RUST, 1), (PYTHON, 2), (RUST, 2)]


class Address:
    served_model, api_key = "m", None

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url


async def answering(number: int, body: dict[str, object], send: object) -> bool:
    if "sampling_params" in body:
        return await whole(number, body, send)  # type: ignore[arg-type]  # as the script hands it over
    await send(simple(200, "flushed"))  # type: ignore[operator]  # as above
    return True


@pytest.fixture
def candidate() -> Iterator[Contender]:
    with serving(answering) as (url, _):

        @contextmanager
        def measured(_: float) -> Iterator[Address]:
            yield Address(url)

        yield Contender(measured=measured, tokenizer=DEMO_MODEL)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with an engine's environment in which SGLang is missing."""
    folder = tmp_path / "engines" / "sglang-cpu"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    manifest = Manifest(
        engine="sglang",
        device="cpu",
        version="0",
        python="3",
        requirements_sha256="",
        created_at="",
        size_bytes=0,
    )
    manifest.write(folder)
    return Settings(home=tmp_path)


def check(candidate: Contender, home: Settings, kind: str = "sglang", stop: object = None) -> tuple[CrossCheck, ...]:
    def ask() -> None:
        if isinstance(stop, BaseException):
            raise stop

    engine = EngineSpec(kind=kind)
    return cross_checks(SMALL, candidate, engine, settings=home, log_path=home.home / "x" / "log", check=ask)


def errors(found: tuple[CrossCheck, ...]) -> list[str]:
    assert [(one.client, one.level) for one in found] == BOTH
    return [str(one.error) for one in found]


def test_a_candidate_without_sglang_s_clients_is_told_why(candidate: Contender, home: Settings) -> None:
    found = check(candidate, home, kind="hf")
    assert all("needs SGLang" in one for one in errors(found))
    assert from_json(list[CrossCheck], to_json(found)) == list(found), "as a job's facts keep it"


def test_without_an_installed_engine_the_reason_is_in_the_result(candidate: Contender, tmp_path: Path) -> None:
    assert all("not installed" in one for one in errors(check(candidate, Settings(home=tmp_path / "empty"))))


def test_a_client_that_cannot_start_says_why_and_ours_goes_on(candidate: Contender, home: Settings) -> None:
    found = check(candidate, home)
    assert all("sglang" in one and "exit status 1" in one for one in errors(found))
    assert all("--num-prompts 4" in one.command for one in found)
    assert "ModuleNotFoundError" in (home.home / "x" / "log").read_text()


def test_an_engine_that_dies_is_a_reason_and_a_cancelled_job_ends(candidate: Contender, home: Settings) -> None:
    died = EngineDiedError("it died", remedy="look", exit_status=1)
    assert errors(check(candidate, home, stop=died)) == ["it died"] * 4
    with pytest.raises(CancelledError):
        check(candidate, home, stop=CancelledError("enough", remedy="submit it again"))


def test_whatever_else_goes_wrong_is_a_reason_too_and_a_lost_lease_ends(candidate: Contender, home: Settings) -> None:
    assert errors(check(candidate, home, stop=OSError("no space left"))) == ["OSError: no space left"] * 4
    with pytest.raises(LeaseLostError):
        check(candidate, home, stop=LeaseLostError("gone", remedy="wait"))
