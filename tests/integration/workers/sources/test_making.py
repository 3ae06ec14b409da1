"""Environments made of git refs and wheels: real git and real pip, on packages that are nearly nothing."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.workers.sources.making import imported, made_ready
from tests.integration.workers.sources.source_world import PACKAGE, SPEC, World
from tests.integration.workers.test_install import make_wheel
from workers.engines.environments import environment_for
from workers.sources.ready import ready


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


@pytest.mark.slow
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


@pytest.mark.slow
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
