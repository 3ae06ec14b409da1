"""Options, texts and outcomes of engine checks, up to the verdict and the comment."""

from __future__ import annotations

import pytest

from evals.engine_checks.comparison import comparison_of
from evals.engine_checks.outcome import Outcome, outcome_of, undecided
from evals.engine_checks.settings import OFFLINE, ONE_BATCH, UNITTEST, engine_check_settings
from evals.engine_checks.texts import judge_offline
from evals.errors import InvalidSubmissionError
from evals.outcome import Verdict
from evals.plan import load_suite
from evals.render.markdown import render_markdown
from evals.result import Comparison, Report
from evals.spec import Scalar, Workload
from evals.verdict import build_report
from tests.unit.evals.report_examples import passed, sides

SERVER = {"classic/france": " Paris", "classic/sunny": " to walk"}


def workload(benchmark: str, **options: Scalar) -> Workload:
    return Workload(name="check", benchmark=benchmark, metric="engine-check", margin=0.0, options=options)


def test_options_are_read() -> None:
    settings = engine_check_settings(workload(UNITTEST, test="test_vision_a.TestX.test_y", timeout_s=60))
    assert (settings.test, settings.timeout_s, settings.only_run) == ("test_vision_a.TestX.test_y", 60, None)
    assert engine_check_settings(workload(OFFLINE, model_type="vlm", max_tokens=8)).model_type == "vlm"


@pytest.mark.parametrize(
    ("benchmark", "options"),
    [
        ("engine-check/nothing", {}),
        (ONE_BATCH, {"max_tokens": 8}),
        (ONE_BATCH, {"model_type": "vlm"}),
        (OFFLINE, {"max_tokens": 0}),
        (OFFLINE, {"max_tokens": True}),
        (OFFLINE, {"model_type": "audio"}),
        (OFFLINE, {"timeout_s": -1}),
        (UNITTEST, {"test": "os.system"}),
        (UNITTEST, {"test": "test_x; rm"}),
        (UNITTEST, {"only_run": "a\nb"}),
    ],
)
def test_what_no_check_takes_is_refused(benchmark: str, options: dict[str, Scalar]) -> None:
    with pytest.raises(InvalidSubmissionError):
        engine_check_settings(workload(benchmark, **options))


def test_the_suite_has_valid_checks() -> None:
    assert [engine_check_settings(item) for item in load_suite("engine-checks")]
    assert {item.benchmark for item in load_suite("engine-checks")} == {ONE_BATCH, OFFLINE}


@pytest.mark.parametrize(("suite", "model_type"), [("new-model", "auto"), ("new-model-vlm", "vlm")])
def test_suites_for_new_models_run_sglangs_own_checks_too(suite: str, model_type: str) -> None:
    checks = {item.benchmark: item for item in load_suite(suite) if item.benchmark.startswith("engine-check/")}
    assert set(checks) == {ONE_BATCH, OFFLINE}
    assert engine_check_settings(checks[OFFLINE]).model_type == model_type


def test_one_batch_says_where_pictures_are_shown() -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        engine_check_settings(workload(ONE_BATCH, model_type="vlm"))
    assert OFFLINE in caught.value.remedy


def test_equal_texts_pass_and_the_first_difference_is_named() -> None:
    same = judge_offline(SERVER, {"generate": SERVER, "async_generate": dict(SERVER)})
    assert (same.verdict, same.passed, same.n) == (Verdict.PASS, 4, 4)
    other = judge_offline(SERVER, {"generate": SERVER, "async_generate": SERVER | {"classic/sunny": " to swim"}})
    assert (other.verdict, other.passed) == (Verdict.FAIL, 3)
    assert "async_generate, classic/sunny: differs from the server's after 4 characters: 'swim'" in other.reasons[0]


@pytest.mark.parametrize("offline", [{}, {"generate": {"classic/france": " Paris"}}])
def test_missing_texts_decide_nothing(offline: dict[str, dict[str, str]]) -> None:
    assert judge_offline(SERVER, offline).verdict is Verdict.INCONCLUSIVE
    assert judge_offline({}, {"generate": {}}).verdict is Verdict.INCONCLUSIVE


def test_an_outcome_survives_the_database() -> None:
    outcome = Outcome(verdict=Verdict.FAIL, passed=1, n=2, reasons=("because",), notes=("seen",))
    assert outcome_of(outcome.as_facts()) == outcome
    assert outcome_of({}) is None
    assert outcome_of({"outcome": "splendid"}) is None


def report(*comparisons: Comparison) -> Report:
    candidate, baseline = sides()
    return build_report(
        run_id="01", suite="engine-checks", comparisons=comparisons, candidate=candidate, baseline=baseline,
        created_at="2026-11-25T18:00:00+00:00", plumbline_version="0.1.0",
    )  # fmt: skip


OUTCOMES = {
    Verdict.PASS: Outcome(verdict=Verdict.PASS, passed=8, n=8),
    Verdict.FAIL: Outcome(verdict=Verdict.FAIL, passed=7, n=8, reasons=("generate, x: differs",)),
    Verdict.INCONCLUSIVE: undecided("it was ended after 1,800 s"),
}


@pytest.mark.parametrize("verdict", OUTCOMES)
def test_a_check_decides_a_run_and_stands_in_its_comment(verdict: Verdict) -> None:
    outcome = OUTCOMES[verdict]
    found = report(comparison_of("offline", outcome.as_facts()))
    text = render_markdown(found)
    assert found.verdict is verdict
    assert "SGLang's own check offline" in found.headline
    assert text.count("the engine's own check") == 1
    assert "detectable drop" not in text
    assert all(reason in found.headline and reason in text for reason in outcome.reasons)


def test_a_check_that_was_never_run_is_no_pass() -> None:
    assert report(comparison_of("offline", {})).verdict is Verdict.INCONCLUSIVE


def test_a_failed_check_outweighs_an_accuracy_that_passed() -> None:
    accuracy = next(one for one in passed().comparisons if one.decides)
    failed = comparison_of("offline", OUTCOMES[Verdict.FAIL].as_facts())
    assert report(accuracy, failed).verdict is Verdict.FAIL
    both = report(accuracy, comparison_of("offline", OUTCOMES[Verdict.PASS].as_facts()))
    assert both.verdict is Verdict.PASS
    assert "offline passed (8 of 8)" in both.headline
    assert "within the margin" in both.headline
