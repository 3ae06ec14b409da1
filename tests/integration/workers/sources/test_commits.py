"""A source is a commit: what it does to an engine's identity, to a run's jobs, and to what is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.engines import app
from db.jobs import jobs_of
from db.runs import create_run
from db.session import transaction
from db.settings import Settings, settings
from evals.errors import InvalidSubmissionError, PolicyError
from evals.plan import plan_jobs
from evals.spec import EngineSpec, ModelSpec
from tests.integration.db.builders import claimed, submission
from tests.integration.workers.sources.making import made_ready
from tests.integration.workers.sources.source_world import SPEC, World
from workers.engines.environments import environment_for
from workers.external_code import with_checked_code
from workers.provenance import IDENTITY, known_facts
from workers.sources.fetching import SOURCE_COMMIT, described
from workers.sources.ready import ready
from workers.submitted_code import with_ready_code


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
    taken = claimed(jobs[0].id)
    used = with_ready_code(taken, world.settings, lambda: None).job.spec.engine
    assert used.source == world.source(commit)
    world.write({"python/sglang/new_model.py": ""})
    assert world.commit() != commit
    other = claimed(jobs[1].id)
    assert with_ready_code(other, world.settings, lambda: None).job.spec.engine == used
    with transaction() as session:
        facts = [job.facts for job in jobs_of(session, run.id)]
    assert [found["source_commit"] for found in facts] == [commit, commit]
    assert [found["external_package_commit"] for found in facts] == [commit, commit]
    assert described(engine.source, facts[0], SOURCE_COMMIT) == f"{engine.source} (commit {commit[:12]})"
