"""A serving workload's options are read, and what cannot be is refused with what can."""

from __future__ import annotations

import pytest

from evals.accuracy.settings_rules import check_settings
from evals.defaults import completed
from evals.duel.settings import levels, serving_settings
from evals.errors import InvalidSubmissionError
from evals.spec import Scalar, Workload
from evals.workload_kinds import has_items
from tests.unit.evals.duel.examples import WORKLOAD, workload


def test_options_are_read_with_numbers_for_texts() -> None:
    found = serving_settings(workload(concurrency=4, input_len=64, rate=2, stall=5))
    assert (found.concurrency, found.input_len, found.rate, found.stall) == ("4", "64", 2, 5)
    assert levels(serving_settings(workload(concurrency="1,8,32"))) == (1, 8, 32)
    assert levels(found) == (0,)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"concurency": 4}, "no option 'concurency'"),
        ({"concurrency": "1,x"}, "concurrency is '1,x'"),
        ({"concurrency": "0"}, "concurrency is '0'"),
        ({"concurrency": "4,4"}, "concurrency is '4,4'"),
        ({"concurrency": 128}, "64 requests never are 128 in flight"),
        ({"concurrency": 2, "processes": 4}, "fewer requests in flight than processes"),
        ({"input_len": "a"}, "'a' is no length"),
        ({"shared_prefix_len": 256}, "leaves nothing of the input"),
        ({"input_len": 131_073}, "input_len is '131073'"),
        ({"output_len": "8:200000"}, "output_len is '8:200000'"),
        ({"output_len": "lognormal:8192:1"}, "output_len is 'lognormal:8192:1'"),
        ({"rate": 20_000}, "rate is 20000"),
        ({"limits": "ttft"}, "'ttft' is no limit"),
        ({"launch": "apart"}, "launch is 'apart'"),
        ({"min_rounds": 3}, "from 3 to 24 rounds"),
        ({"min_rounds": 30}, "from 30 to 24 rounds"),
        ({"requests": True}, "requests is True"),
        ({"requests": 10**9}, "requests is 1000000000"),
        ({"rate": 0}, "rate is 0"),
        ({"cross_check": 1}, "cross_check is 1"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Scalar], says: str) -> None:
    with pytest.raises(InvalidSubmissionError, match=r".+") as caught:
        serving_settings(workload(**options))
    assert says in caught.value.message


def test_a_serving_workload_has_a_margin_and_no_items() -> None:
    assert not has_items("serving")
    check_settings(WORKLOAD)
    for wrong, field in (
        (Workload(name="s", benchmark="serving", metric="serving", margin=0.0), "margin"),
        (Workload(name="s", benchmark="serving", metric="serving", margin=0.05, limit=4), "limit"),
    ):
        with pytest.raises(InvalidSubmissionError) as caught:
            check_settings(wrong)
        assert caught.value.details["field"] == field


def test_what_a_client_leaves_out_is_filled_in() -> None:
    found = completed(Workload(name="s", benchmark="serving", metric="", margin=0.0))
    assert (found.metric, found.margin) == ("serving", 0.05)
    assert completed(WORKLOAD) == WORKLOAD
