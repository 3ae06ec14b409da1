"""Where submitted code may come from, and what passes for an address, a ref or a folder."""

from __future__ import annotations

from typing import Any

import pytest

from evals.code_sources import GitCode, git_package, git_source, wheel_source
from evals.engine_rules import check
from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec

UPSTREAM = "https://github.com/sgl-project/sglang"


def sglang(**fields: Any) -> EngineSpec:
    return EngineSpec(**{"kind": "sglang"} | fields)


def refused(error: type[Exception], *repositories: str, **fields: Any) -> str:
    with pytest.raises(error) as caught:
        check(sglang(**fields), side="baseline", repositories=repositories)
    return str(caught.value.details["field"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "ref", ["main", "v0.5.23", "refs/pull/123/head", "feature/x-1_2", "a" * 40, "release+1", "0.5"]
)
def test_branches_tags_commits_and_pull_requests_are_refs(ref: str) -> None:
    code = git_source(f"git:{UPSTREAM}@{ref}")
    assert code == GitCode(url=UPSTREAM, ref=ref)
    assert git_source(code.as_source()) == code
    check(sglang(source=code.as_source()), repositories=[UPSTREAM])


@pytest.mark.parametrize(
    "ref",
    [
        "-x", "--upload-pack=touch", "", "a..b", "a b", "a:b", "+a", "a^", "a~1", "@{u}", "a*", "a\\b", "/a", "a/",
        "a//b", "a.lock", "a.lock/b", ".a", "a/.b", "a\nb", "a@b", "x" * 201,
    ],
)  # fmt: skip
def test_what_git_would_take_for_something_else_is_no_ref(ref: str) -> None:
    assert refused(InvalidSubmissionError, UPSTREAM, source=f"git:{UPSTREAM}@{ref}") == "baseline.source"


@pytest.mark.parametrize(
    "url",
    [
        "http://github.com/sgl-project/sglang", "ssh://git@github.com/a/b", "git@github.com:a/b", "ext::sh -c id",
        "https://user:secret@github.com/a/b", "https://github.com/a/../b", "https://github.com/a/b?x=1",
        "https://github.com/a/b#c", "https://github.com/a b", "https://[::1", "file://host/srv/x", "file:srv/x",
        "/srv/x", "https:///a/b", "https://github.com/-a/b", "https://git%68ub.com/a/b", "https://github.com/a/%2e%2e/b",
        "https://github.com", "file:///srv/../etc/x", "HTTPS://github.com/a/b", "https://github.com/a//b",
    ],
)  # fmt: skip
def test_only_plain_addresses_are_fetched_from(url: str) -> None:
    repositories = [UPSTREAM, "https://github.com", "/srv", "file:///srv", "ext::sh", "http://github.com"]
    assert refused(InvalidSubmissionError, *repositories, source=f"git:{url}@main") == "baseline.source"


@pytest.mark.parametrize(
    ("permitted", "url"),
    [
        (UPSTREAM, UPSTREAM),
        (UPSTREAM, f"{UPSTREAM}.git"),
        (f"{UPSTREAM}.git", UPSTREAM),
        ("https://github.com/sgl-project/", UPSTREAM),
        ("/srv/git", "file:///srv/git/team/sglang.git"),
        ("file:///srv/git/sglang.git", "file:///srv/git/sglang.git"),
    ],
)
def test_a_repository_is_permitted_by_itself_or_by_what_it_lies_below(permitted: str, url: str) -> None:
    check(sglang(source=f"git:{url}@main"), repositories=["https://example.org/other", permitted])
    check(sglang(external_package=f"git+{url}@main#subdirectory=models/new"), repositories=[permitted])


@pytest.mark.parametrize(
    ("permitted", "url"),
    [
        (UPSTREAM, f"{UPSTREAM}-evil"),
        (UPSTREAM, "https://github.com.evil.org/sgl-project/sglang"),
        ("https://github.com/sgl", UPSTREAM),
        ("/srv/git", "file:///srv/git-evil/x"),
        ("/srv/git", "https://example.org/srv/git/x"),
        (f"{UPSTREAM}:8443", UPSTREAM),
    ],
)
def test_other_repositories_are_against_the_policy(permitted: str, url: str) -> None:
    assert refused(PolicyError, permitted, source=f"git:{url}@main") == "baseline.source"
    package = f"git+{url}@main#subdirectory=models/new"
    assert refused(PolicyError, permitted, external_package=package) == "baseline.external_package"


def test_without_permission_no_submitted_code_is_taken() -> None:
    assert refused(PolicyError, source=f"git:{UPSTREAM}@main") == "baseline.source"
    assert refused(PolicyError, source="wheel:/srv/code/sglang-1-py3-none-any.whl") == "baseline.source"


def test_a_package_in_a_repository_is_named_by_its_folder() -> None:
    code = git_package(f"git+{UPSTREAM}@main#subdirectory=examples/my_models")
    assert code == GitCode(url=UPSTREAM, ref="main", folder="examples/my_models")
    assert git_package(code.as_package()) == code
    assert git_package("/srv/code/my_models") is None


@pytest.mark.parametrize(
    "fragment", ["", "#", "#my_models", "#subdirectory=", "#subdirectory=../x", "#subdirectory=/x", "#subdirectory=a-b",
                 "#subdirectory=x&egg=y", "#subdirectory=a//b", "#subdirectory=-x"],
)  # fmt: skip
def test_a_package_needs_a_folder_inside_its_repository(fragment: str) -> None:
    package = f"git+{UPSTREAM}@main{fragment}"
    assert refused(InvalidSubmissionError, UPSTREAM, external_package=package) == "baseline.external_package"


@pytest.mark.parametrize("path", ["x.whl", "/srv/code/x.tar.gz", "", "/srv/code/a\nb.whl"])
def test_a_wheel_is_an_absolute_path_of_a_wheel(path: str) -> None:
    with pytest.raises(InvalidSubmissionError):
        wheel_source(f"wheel:{path}")
    assert wheel_source("installed") is None


def test_only_sglang_has_other_sources() -> None:
    with pytest.raises(InvalidSubmissionError, match="no other source"):
        check(EngineSpec(kind="hf", source=f"git:{UPSTREAM}@main"), repositories=[UPSTREAM])
    remote = EngineSpec(kind="remote", base_url="http://127.0.0.1:8000", source=f"git:{UPSTREAM}@main")
    with pytest.raises(InvalidSubmissionError, match="already running"):
        check(remote, repositories=[UPSTREAM])
    with pytest.raises(InvalidSubmissionError, match="no source 'pypi'"):
        check(sglang(source="pypi"))


def test_a_processor_belongs_to_a_package() -> None:
    assert refused(InvalidSubmissionError, external_processor=True) == "baseline.external_package"
