"""SGLang from a repository, started for real: laid over the installed environment, and in one of its own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from db.settings import Settings
from evals.errors import ArchitectureError
from evals.spec import EngineSpec, ModelSpec
from tests.engines.service import DEMO_MODEL, Service, free_port
from tests.engines.sglang_repository import SGLangRepository
from workers.engines.environments import environment_for
from workers.provenance import IDENTITY, known_facts
from workers.server import Server, running
from workers.sources.ready import ready

pytestmark = pytest.mark.engines

MODEL = ModelSpec(path=str(DEMO_MODEL))
INSTALLED = EngineSpec(kind="sglang", architectures=("DemoNewLlama",))


@pytest.fixture(scope="module")
def home(engines_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the installed engines and sources of its own."""
    home = tmp_path_factory.mktemp("sources-home")
    (home / "engines").symlink_to(engines_home / "engines")
    return home


@pytest.fixture(scope="module")
def repository(home: Path, tmp_path_factory: pytest.TempPathFactory) -> SGLangRepository:
    """A repository whose tag is the installed version and whose `main` has one model more."""
    installed = environment_for(EngineSpec(kind="sglang"), Settings(home=home))
    assert installed.package is not None
    repository = SGLangRepository(tmp_path_factory.mktemp("repository"), installed.package)
    repository.commit(f"refs/tags/v{repository.version}")
    repository.write_model()
    repository.commit("refs/heads/main")
    return repository


@pytest.fixture(scope="module")
def settings(home: Path, repository: SGLangRepository) -> Settings:
    return Settings(home=home, code_repositories=str(repository.bare.parent))


@pytest.fixture(scope="module")
def from_main(repository: SGLangRepository) -> EngineSpec:
    return replace(INSTALLED, source=f"git:{repository.url}@main")


@pytest.fixture(scope="module")
def server(from_main: EngineSpec, settings: Settings) -> Iterator[Server]:
    with running(from_main, MODEL, settings=settings, job_id="from-main") as server:
        yield server


def greedy(server: Server, prompt: str) -> str:
    body = {"text": prompt, "sampling_params": {"temperature": 0, "max_new_tokens": 8}}
    request = urllib.request.Request(
        f"{server.base_url}/generate", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["text"])


@pytest.mark.slow
def test_the_installed_engine_has_no_such_model(settings: Settings) -> None:
    with (
        pytest.raises(ArchitectureError, match="DemoNewLlama"),
        running(INSTALLED, MODEL, settings=settings, job_id="installed"),
    ):
        pass


@pytest.mark.slow  # the bot's story launches a commit in CI (tests/github/test_story.py)
def test_a_branch_with_the_model_serves_it_over_the_installed_environment(
    server: Server, from_main: EngineSpec, settings: Settings, repository: SGLangRepository
) -> None:
    assert greedy(server, "Tom has 3")
    installed = environment_for(EngineSpec(kind="sglang"), settings)
    environment = environment_for(ready(from_main, settings), settings)
    assert environment.interpreter == installed.interpreter
    assert environment.origin["source_layered"]
    assert f"v{repository.version}" in " ".join(environment.origin["source_notes"])
    assert environment.options == installed.options


@pytest.mark.slow
def test_a_server_is_known_by_its_commit_after_its_branch_has_moved(
    from_main: EngineSpec, settings: Settings, repository: SGLangRepository
) -> None:
    repository.write_model()
    commit = repository.commit("refs/heads/main")
    pinned = ready(from_main, settings)
    before = known_facts(pinned, MODEL, settings)
    assert before is not None
    assert before["source_commit"] == commit
    assert before["versions"]["sglang"] == f"{repository.version}+g{commit[:12]}"
    repository.write_model(text="# another model\n")
    moved = repository.commit("refs/heads/main")
    assert known_facts(pinned, MODEL, settings) == before
    after = known_facts(from_main, MODEL, settings)
    assert after is not None
    assert after["source_commit"] == moved
    assert after[IDENTITY] != before[IDENTITY]


@pytest.mark.slow
def test_a_submission_names_a_branch_and_its_report_the_commit(
    home: Path, repository: SGLangRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write_model()
    commit = repository.commit("refs/pull/7/head")
    monkeypatch.setenv("PLUMBLINE_CODE_REPOSITORIES", str(repository.bare.parent))
    with Service(home=home, port=free_port()).up() as service:
        asked = ["--model", str(DEMO_MODEL), "--limit", "4", "--architectures", "DemoNewLlama"]
        source = f"git:{repository.url}@refs/pull/7/head"
        elsewhere = service.command("submit", *asked, "--engine-source", "git:https://example.org/a@main")
        assert "PLUMBLINE_CODE_REPOSITORIES" in elsewhere.stderr
        submitted = service.command("submit", *asked, "--engine-source", source, "--json")
        assert submitted.returncode == 0, submitted.stderr
        run = json.loads(submitted.stdout)
        service.finished(run["id"], timeout_s=500)
        report = service.report(run["id"])
    assert report["verdict"] != "error", report["reasons"]
    candidate = report["candidate"]
    assert candidate["settings"]["source"] == f"{source} (commit {commit[:12]})"
    assert f"--engine-source {source}" in candidate["settings"]["submit_command"]
    assert candidate["versions"]["sglang"] == f"{repository.version}+g{commit[:12]}"


@pytest.mark.slow
def test_other_requirements_get_an_environment_of_their_own(settings: Settings, repository: SGLangRepository) -> None:
    repository.write_model()
    changed = ["einops>=0.1" if line == "einops" else line for line in repository.requirements]
    repository.write_project(changed)
    repository.commit("refs/heads/einops")
    spec = replace(INSTALLED, source=f"git:{repository.url}@einops")
    environment = environment_for(ready(spec, settings), settings)
    assert "einops>=0.1" in environment.origin["source_notes"][0]
    assert environment.interpreter.is_relative_to(settings.sources_dir)
    with running(spec, MODEL, settings=settings, job_id="own") as server:
        assert greedy(server, "Tom has 3")
        assert str(environment.interpreter) in server.command[0]
