"""What makes a side's points one series, and what names its code."""

from __future__ import annotations

from dataclasses import replace

from evals.fingerprinting import fingerprint_of
from evals.history.setups import setup_of, source_of
from evals.plan import load_suite
from evals.result import SideSummary
from evals.spec import EngineSpec, ModelSpec

MODEL = ModelSpec(path="/models/tiny")
ENGINE = EngineSpec(kind="sglang")
SIDE = SideSummary(role="candidate", engine="sglang", model="m", state="succeeded", versions={"sglang": "0.5.23"})
HERE, ELSEWHERE = "git+https://x.org/a@main#subdirectory=p", "git+https://x.org/b@main#subdirectory=p"


def told(package: str | None, sha256: str = "1", **facts: str) -> tuple[str, str | None]:
    """Return the setup and the source of an engine with an external package, whose files have a hash."""
    engine = replace(ENGINE, external_package=package)
    noted = {"versions": {"sglang": "0.5.23"}, "external_package_sha256": sha256, **facts}
    made = fingerprint_of(MODEL, engine, load_suite("demo")[0], noted, {})
    return setup_of(engine, made), source_of(engine, SIDE, made)


def test_commits_of_an_external_package_are_one_series_and_its_code_names_the_points() -> None:
    one, other = told(HERE, "1"), told(HERE, "2")
    assert one[0] == other[0]
    assert (one[1], other[1]) == ("1 on sglang 0.5.23", "2 on sglang 0.5.23")
    assert told("/code/p", "1")[0] == told("/code/p", "2")[0]
    assert len({told(package)[0] for package in (None, HERE, ELSEWHERE, "/code/p")}) == 4


def test_a_commit_that_was_named_is_the_code_beside_the_engines_own() -> None:
    commit = 40 * "a"
    setup, source = told(HERE.replace("@main", f"@{commit}"))
    assert (setup, source) == (told(HERE)[0], f"{commit} on sglang 0.5.23")
    assert told(HERE, source_commit="c")[1] == "c with 1"
    assert told(None)[1] == "installed"


def test_without_a_fingerprint_the_ref_makes_no_other_series_either() -> None:
    engines = [replace(ENGINE, external_package=HERE.replace("@main", ref)) for ref in ("@main", "@next")]
    assert len({setup_of(engine, None) for engine in engines}) == 1
    assert setup_of(ENGINE, None) not in {setup_of(engine, None) for engine in engines}
