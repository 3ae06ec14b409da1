"""Sources of submissions: real git and real pip, on a repository and packages that are nearly nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from cli.engines import app
from db.jobs import jobs_of
from db.runs import create_run
from db.session import transaction
from db.settings import Settings, settings
from evals.errors import (
    CancelledError,
    CodeFetchError,
    EngineNotInstalledError,
    InstallError,
    InvalidSubmissionError,
    PolicyError,
)
from evals.plan import plan_jobs
from evals.spec import EngineSpec, ModelSpec
from tests.integration.db.builders import claim, submission
from tests.integration.workers.source_world import PACKAGE, SPEC, Installed, World, git
from tests.integration.workers.test_install import make_wheel
from workers.engines.base import EngineEnvironment
from workers.engines.environments import environment_for
from workers.external_code import with_checked_code
from workers.provenance import IDENTITY, known_facts
from workers.sources import ready as readying
from workers.sources.fetching import SOURCE_COMMIT, described
from workers.sources.made import made
from workers.sources.ready import ready
from workers.submitted_code import with_ready_code

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installed engine, one for all tests."""
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def world(tmp_path: Path, home: Path, installed: Installed, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository whose branch `main` equals the installed engine, and packages that pip finds without an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(installed.wheels))
    world = World(tmp_path, home, installed)
    world.commit()
    return world


def made_ready(world: World, source: str, check: Callable[[], None] = lambda: None) -> EngineEnvironment:
    spec = ready(replace(SPEC, source=source), world.settings, check=check)
    return environment_for(spec, world.settings)


def imported(environment: EngineEnvironment, expression: str, module: str = "sglang") -> str:
    """Return what an expression over a module is in an engine's environment."""
    code = f"import {module}; print({expression})"
    variables = os.environ | environment.completed({})
    command = [str(environment.interpreter), "-c", code]
    return subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout.strip()


def test_changed_python_is_laid_over_the_installed_environment(world: World) -> None:
    world.write({"python/sglang/new_model.py": "NAME = 'new'"})
    commit = world.commit()
    environment = made_ready(world, world.source())
    installed = environment_for(SPEC, world.settings)
    assert environment.interpreter == installed.interpreter
    assert imported(environment, "sglang.new_model.NAME", "sglang.new_model") == "new"
    assert environment.versions == installed.versions | {"sglang": f"1.0+g{commit[:12]}"}
    assert environment.origin["source_commit"] == commit
    assert environment.options == installed.options
    assert environment.tree is not None
    assert environment.package is not None
    assert (environment.package / "srt" / "fast.so").read_text() == "a compiled module"
    with pytest.raises(subprocess.CalledProcessError):
        imported(installed, "sglang.new_model.NAME", "sglang.new_model")


def test_other_requirements_get_an_environment_of_their_own(world: World) -> None:
    world.require("einops==2.0")
    commit = world.commit()
    environment = made_ready(world, world.source())
    assert environment.interpreter.is_relative_to(world.settings.sources_dir)
    assert imported(environment, "einops.VERSION", "einops") == "2.0"
    assert imported(environment_for(SPEC, world.settings), "einops.VERSION", "einops") == "1.0"
    assert environment.versions["sglang"] == f"1.5+g{commit[:12]}"
    assert environment.versions["torch"] == "1.0"
    assert environment.origin["source_notes"][0] == "requirements differ: einops==1.0 became einops==2.0"
    assert Path(imported(environment, "sglang.__file__")).is_relative_to(world.settings.sources_dir)


def test_changed_sources_of_compiled_modules_are_built(world: World) -> None:
    world.write({"rust/server/src/lib.rs": "fn one() {}", "python/sglang/kernels/aot/a.cu": "1"})
    world.commit("refs/tags/v1.0")
    world.commit()
    same = made_ready(world, world.source())
    assert same.origin["source_layered"]
    assert "sources of compiled modules are those of refs/tags/v1.0" in same.origin["source_notes"]
    world.write({"rust/server/src/lib.rs": "fn two() {}", "python/sglang/kernels/aot/a.cu": "2"})
    world.commit()
    notes = made_ready(world, world.source()).origin["source_notes"]
    assert notes[0] == "sources of compiled modules differ from refs/tags/v1.0: rust/server/src/lib.rs"
    assert "changes to python/sglang/kernels/aot/a.cu have no effect: that package comes as it was released" in notes


def test_without_the_installed_versions_tag_it_is_said_that_nothing_was_compared(world: World) -> None:
    notes = made_ready(world, world.source()).origin["source_notes"]
    assert "sources of compiled modules were not compared: no refs/tags/v1.0 in the repository" in notes


@pytest.mark.parametrize("form", ["branch", "tag", "annotated", "pull", "commit"])
def test_branches_tags_pull_requests_and_commits_are_resolved(world: World, form: str) -> None:
    world.write({"python/sglang/new_model.py": "NAME = 'new'"})
    commit = world.commit("refs/pull/7/head")
    git("-C", str(world.bare), "branch", "feature/x", commit)
    git("-C", str(world.bare), "tag", "v2", commit)
    git("-C", str(world.work), "tag", "--annotate", "--message=x", "v3")
    git("-C", str(world.work), "push", "--quiet", str(world.bare), "v3")
    refs = {"branch": "feature/x", "tag": "v2", "annotated": "v3", "pull": "refs/pull/7/head", "commit": commit}
    assert made_ready(world, world.source(refs[form])).origin["source_commit"] == commit


def test_an_unknown_ref_or_commit_is_the_submissions_mistake(world: World) -> None:
    with pytest.raises(InvalidSubmissionError, match="no branch, tag or ref 'elsewhere'") as caught:
        made_ready(world, world.source("elsewhere"))
    assert caught.value.details["field"] == "source"
    with pytest.raises(InvalidSubmissionError, match="does not hand out this commit"):
        made_ready(world, world.source("0" * 40))
    with pytest.raises(InvalidSubmissionError, match="no repository"):
        made_ready(world, f"git:file://{world.bare.parent}/absent.git@main")
    assert [manifest for _, manifest in made(world.settings)] == [None]


def test_an_unreachable_server_is_tried_again_later(world: World) -> None:
    permitted = world.settings.model_copy(update={"code_repositories": "https://localhost:9"})
    with pytest.raises(CodeFetchError) as caught:
        ready(replace(SPEC, source="git:https://localhost:9/a/b@main"), permitted)
    assert caught.value.retryable


def test_a_link_out_of_the_permitted_folder_is_followed_before_it_is_trusted(world: World) -> None:
    other = world.folder / "other.git"
    git("clone", "--quiet", "--bare", str(world.bare), str(other))
    (world.bare.parent / "link.git").symlink_to(other)
    with pytest.raises(PolicyError):
        made_ready(world, f"git:file://{world.bare.parent}/link.git@main")


def test_a_link_out_of_the_repository_is_refused(world: World) -> None:
    (world.work / "python" / "sglang" / "secrets").symlink_to("/etc")
    world.commit()
    with pytest.raises(InvalidSubmissionError, match="python/sglang/secrets is a link"):
        made_ready(world, world.source())


def test_what_is_no_sglang_is_refused(world: World) -> None:
    world.write({"python/pyproject.toml": "[project]\nname = 'vllm'\n"})
    world.commit()
    with pytest.raises(InvalidSubmissionError, match="'vllm', not sglang"):
        made_ready(world, world.source())
    world.write({"python/pyproject.toml": "[project\n"})
    world.commit()
    with pytest.raises(InvalidSubmissionError, match=r"pyproject\.toml says not what"):
        made_ready(world, world.source())


def test_a_requirement_that_names_an_address_is_refused(world: World) -> None:
    world.require("einops @ https://example.org/einops-2.0.whl")
    world.commit()
    with pytest.raises(InvalidSubmissionError, match="names an address"):
        made_ready(world, world.source())


def test_a_source_that_does_not_import_says_why_and_is_not_ready(world: World) -> None:
    world.write({"python/sglang/srt/server_args.py": "import nowhere"})
    world.commit()
    with pytest.raises(InstallError, match="No module named 'nowhere'"):
        made_ready(world, world.source())
    assert [manifest for _, manifest in made(world.settings)] == [None]


def test_a_wheel_gets_an_environment_of_its_own(world: World) -> None:
    make_wheel(world.wheels, "sglang", PACKAGE | {"sglang/extra.py": ""}, version="3.0", requires=["einops==2.0"])
    wheel = world.wheels / "sglang-3.0-py3-none-any.whl"
    environment = made_ready(world, f"wheel:{wheel}")
    sha256 = environment.origin["source_sha256"]
    assert environment.versions["sglang"] == f"3.0+w{sha256[:12]}"
    assert environment.versions["einops"] == "2.0"
    assert imported(environment, "sglang.extra.__name__", "sglang.extra") == "sglang.extra"
    make_wheel(world.wheels, "sglang", PACKAGE, version="3.0", requires=["einops==2.0"])
    again = ready(replace(SPEC, source=f"wheel:{wheel}"), world.settings)
    assert environment_for(again, world.settings).origin["source_sha256"] != sha256


def test_a_wheel_behind_a_link_out_of_the_permitted_folders_is_refused(world: World) -> None:
    make_wheel(world.folder, "sglang", PACKAGE, version="3.0")
    link = world.wheels / "sglang-3.0-py3-none-any.whl"
    link.symlink_to(world.folder / link.name)
    with pytest.raises(PolicyError, match="outside the folders"):
        made_ready(world, f"wheel:{link}")
    with pytest.raises(EngineNotInstalledError, match="no file"):
        made_ready(world, f"wheel:{world.wheels}/absent.whl")


def builders_in(folder: Path) -> list[psutil.Process]:
    """Return the processes whose command line names a folder."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if any(str(folder) in word for word in process.info["cmdline"] or ())]


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def is_building(world: World) -> bool:
    return any(world.settings.sources_dir.glob("ready/*/tree/python/environment.txt"))


def test_jobs_that_want_one_source_at_once_make_it_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.require("einops==2.0")
    waits = world.slow_down()
    world.commit()
    calls, waiting = [], []
    really = readying.make
    monkeypatch.setattr(readying, "make", lambda *given: (calls.append(given), really(*given)))
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(made_ready, world, world.source(), lambda n=n: waiting.append(n)) for n in range(3)]
        wait_for(lambda: is_building(world) and len(set(waiting)) == 3)
        waits.unlink()
        found = [job.result() for job in jobs]
    assert len(calls) == 1
    assert found[0] == found[1] == found[2]


def test_what_a_killed_worker_leaves_is_not_used(world: World) -> None:
    world.require("einops==2.0")
    waits = world.slow_down()
    world.commit()
    code = (
        "import sys; from db.settings import Settings; from evals.spec import EngineSpec; "
        "from workers.sources.ready import ready; "
        "ready(EngineSpec(kind='sglang', source=sys.argv[1]), Settings(code_repositories=sys.argv[2]))"
    )
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([sys.executable, "-c", code, world.source(), str(world.bare.parent)], env=variables)
    wait_for(lambda: is_building(world))
    [(folder, _)] = made(world.settings)
    assert builders_in(folder)
    worker.kill()
    worker.wait()
    wait_for(lambda: not builders_in(folder))
    assert [manifest for _, manifest in made(world.settings)] == [None]
    (folder / "rubbish").touch()
    waits.unlink()
    environment = made_ready(world, world.source())
    assert environment.tree == folder / "tree"
    assert not (folder / "rubbish").exists()
    assert imported(environment, "einops.VERSION", "einops") == "2.0"


def test_a_cancelled_job_does_not_go_on_building(world: World) -> None:
    world.require("einops==2.0")
    world.slow_down()
    world.commit()

    def check() -> None:
        if is_building(world):
            raise CancelledError("cancelled", remedy="none")

    with pytest.raises(CancelledError):
        made_ready(world, world.source(), check)
    [(folder, manifest)] = made(world.settings)
    assert manifest is None
    assert not builders_in(folder)


def test_submitted_code_is_built_without_our_secrets(
    world: World, installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "DATABASE_URL": "postgres://u:hidden@db", "HF_TOKEN": "hidden", "PIP_INDEX_URL": "https://u:hidden@index",
        "https_proxy": "http://u:hidden@proxy", "GIT_ASKPASS": "hidden", "PLUMBLINE_TOKEN": "hidden",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    world.require("einops==2.0")
    world.commit()
    installed.spied.write_text("")
    environment = made_ready(world, world.source())
    assert environment.tree is not None
    spied = installed.spied.read_text()
    assert "PYTHONFAULTHANDLER" in spied
    assert "hidden" not in spied
    seen = (environment.tree / "python" / "environment.txt").read_text()
    assert "hidden" not in seen
    assert "PIP_FIND_LINKS" not in seen
    assert "http://proxy:3128" in seen


def test_hooks_and_filters_of_a_repository_are_not_run(world: World) -> None:
    trap = world.folder / "trap"
    world.write({".gitattributes": "* filter=trap export-ignore\n"})
    world.commit()
    for hook in ("post-checkout", "reference-transaction", "post-update", "pre-receive"):
        script = world.bare / "hooks" / hook
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ntouch {trap}\n")
        script.chmod(0o755)
    git("-C", str(world.bare), "config", "filter.trap.smudge", f"touch {trap}")
    git("-C", str(world.bare), "config", "uploadpack.packObjectsHook", f"touch {trap}; exit 1")
    assert imported(made_ready(world, world.source()), "sglang.__name__") == "sglang"
    assert not trap.exists()


def test_another_commit_is_another_engine(world: World, tmp_path: Path) -> None:
    model = ModelSpec(path=str(tmp_path / "model"))
    Path(model.path).mkdir()
    (Path(model.path) / "config.json").write_text("{}")

    def facts(source: str) -> dict[str, object]:
        found = known_facts(replace(SPEC, source=source), model, world.settings)
        assert found is not None
        return found

    first = world.commit()
    before = facts(world.source())
    assert before["source_commit"] == first
    assert before[IDENTITY] == facts(world.source(first))[IDENTITY]
    assert before[IDENTITY] != facts("installed")[IDENTITY]
    second = world.commit()
    after = facts(world.source())
    assert after["source_commit"] == second
    assert after[IDENTITY] != before[IDENTITY]


def test_an_edited_source_is_another_engine(world: World, tmp_path: Path) -> None:
    model = ModelSpec(path=str(tmp_path / "model"))
    Path(model.path).mkdir()
    spec = replace(SPEC, source=world.source())
    before = known_facts(spec, model, world.settings)
    package = environment_for(ready(spec, world.settings), world.settings).package
    assert package is not None
    (package / "srt" / "server_args.py").write_text("SCALE = 2")
    after = known_facts(spec, model, world.settings)
    assert before is not None
    assert after is not None
    assert before[IDENTITY] != after[IDENTITY]


def test_an_external_package_comes_from_a_repository_too(world: World, tmp_path: Path) -> None:
    world.write({"examples/wrapped/__init__.py": "", "examples/wrapped/model.py": "EntryClass = 1"})
    commit = world.commit()
    package = f"git+file://{world.bare}@main#subdirectory=examples/wrapped"
    spec = EngineSpec(kind="sglang", external_package=package)
    folder = with_checked_code(spec, world.settings).external_package
    assert folder is not None
    assert (Path(folder) / "model.py").read_text() == "EntryClass = 1"
    assert Path(folder).is_relative_to(world.settings.sources_dir)
    model = ModelSpec(path=str(tmp_path / "model"))
    Path(model.path).mkdir()
    before = known_facts(spec, model, world.settings)
    world.write({"examples/wrapped/model.py": "EntryClass = 2"})
    world.commit()
    after = known_facts(spec, model, world.settings)
    assert before is not None
    assert after is not None
    assert before["external_package_commit"] == commit
    assert before[IDENTITY] != after[IDENTITY]
    absent = replace(spec, external_package=f"git+file://{world.bare}@main#subdirectory=examples/absent")
    with pytest.raises(InvalidSubmissionError, match="no Python package"):
        with_checked_code(absent, world.settings)
    with pytest.raises(PolicyError):
        with_checked_code(spec, Settings())


def test_the_command_lists_and_removes_what_was_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    settings.cache_clear()
    environment = made_ready(world, world.source())
    assert environment.tree is not None
    name = environment.tree.parent.name
    runner = CliRunner()
    listed = runner.invoke(app, ["list"]).output
    assert name in listed
    assert "layered" in listed
    removed = runner.invoke(app, ["remove", name])
    assert removed.exit_code == 0, removed.output
    assert name not in runner.invoke(app, ["list"]).output
    assert environment_for(SPEC, world.settings).versions["sglang"] == "1.0"
    assert made_ready(world, world.source()) == environment


def test_all_jobs_and_attempts_of_a_run_use_one_commit(world: World, database: str) -> None:
    package = f"git+file://{world.bare}@main#subdirectory=python/sglang"
    engine = replace(SPEC, source=world.source(), external_package=package)
    asked = replace(submission(), candidate=engine, baseline=engine)
    with transaction() as session:
        run, _ = create_run(session, submission=asked, jobs=plan_jobs(asked), token_id=None)
        jobs = jobs_of(session, run.id)
    commit = world.commit()
    taken = claim(jobs[0].id)
    assert taken is not None
    used = with_ready_code(taken, world.settings, lambda: None).job.spec.engine
    assert used.source == world.source(commit)
    world.write({"python/sglang/new_model.py": ""})
    assert world.commit() != commit
    other = claim(jobs[1].id)
    assert other is not None
    assert with_ready_code(other, world.settings, lambda: None).job.spec.engine == used
    with transaction() as session:
        facts = [job.facts for job in jobs_of(session, run.id)]
    assert [found["source_commit"] for found in facts] == [commit, commit]
    assert [found["external_package_commit"] for found in facts] == [commit, commit]
    assert described(engine.source, facts[0], SOURCE_COMMIT) == f"{engine.source} (commit {commit[:12]})"
