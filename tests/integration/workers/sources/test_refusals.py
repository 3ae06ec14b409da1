"""Refs that are resolved, and sources that are refused, each for a reason that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.errors import CodeFetchError, EngineNotInstalledError, InstallError, InvalidSubmissionError, PolicyError
from tests.integration.workers.sources.making import made_ready
from tests.integration.workers.sources.source_world import PACKAGE, SPEC, World, git
from tests.integration.workers.test_install import make_wheel
from workers.sources.made import made
from workers.sources.ready import ready


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


def test_a_wheel_behind_a_link_out_of_the_permitted_folders_is_refused(world: World) -> None:
    make_wheel(world.folder, "sglang", PACKAGE, version="3.0")
    link = world.wheels / "sglang-3.0-py3-none-any.whl"
    link.symlink_to(world.folder / link.name)
    with pytest.raises(PolicyError, match="outside the folders"):
        made_ready(world, f"wheel:{link}")
    with pytest.raises(EngineNotInstalledError, match="no file"):
        made_ready(world, f"wheel:{world.wheels}/absent.whl")
