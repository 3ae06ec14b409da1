"""Servers that refuse, lack something, or answer wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from evals.errors import CancelledError, RequestRefusedError
from evals.parity.records import Mode
from tests.unit.evals.parity.asking.observing_world import Ear, generated, modes, observed
from tests.unit.evals.parity.asking.scripted_server import Answer, Script


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"context": 50}, "no room for it: its 60 tokens and 2 decoded ones are more than the context of 50 tokens"),
        (
            {"pool": 62},
            "no room for it: its 60 tokens and 2 decoded ones are more than the server's room for keys and values of "
            "62 tokens",
        ),
    ],
)
def test_what_a_server_has_no_room_for_is_left_out_with_the_reason(limit: dict[str, int], reason: str) -> None:
    script = Script()
    for name, value in limit.items():
        setattr(script, name, value)
    observation = observed(script, full=False)
    assert dict(observation.left_out) == {"chat/z": "the chat template refuses it", "length/60": reason}
    assert {record.prompt for record in observation.records} == {"classic/a", "chat/b", "length/40"}


@pytest.mark.parametrize("answer", [(404, "nothing here"), (400, "messages are unknown"), (200, {"tokens": None})])
def test_a_server_that_does_not_tell_its_tokens_leaves_them_open(answer: Answer) -> None:
    class Silent(Script):
        def tokenize(self, body: Any) -> Answer:
            return answer

    assert {one.token_ids for one in observed(Silent(), full=False).tokenized} == {None}


class Refusing(Script):
    """Refuse long prompts."""

    status = 400

    def generate(self, body: Any) -> Answer:
        return (self.status, "too long") if len(body["input_ids"]) == 60 else super().generate(body)


def test_a_prompt_that_the_server_refuses_is_left_out_and_the_others_are_asked() -> None:
    observation = observed(Refusing())
    assert "refused by the server" in observation.left_out["length/60"]
    assert "too long" in observation.left_out["length/60"]
    assert modes(observation) == {Mode.ALONE: 3, Mode.TOGETHER: 3, Mode.CACHED: 1}


def test_a_server_that_refuses_everything_is_an_error_with_its_words() -> None:
    class Closed(Script):
        def generate(self, body: Any) -> Answer:
            return 400, "out of order"

    with pytest.raises(RequestRefusedError, match="no parity prompt could be asked"):
        observed(Closed())


def test_a_server_without_the_native_protocol_is_told_so() -> None:
    script = Refusing()
    script.status = 404
    with pytest.raises(RequestRefusedError, match="no /generate") as caught:
        observed(script)
    assert "SGLang" in caught.value.remedy


def test_a_faulty_answer_names_the_prompt() -> None:
    class Short(Script):
        def generate(self, body: Any) -> Answer:
            status, answer = super().generate(body)
            answer["meta_info"]["input_token_logprobs"].pop()
            return status, answer

    with pytest.raises(RequestRefusedError, match="classic/a has 1 of the prompt's tokens instead of 2"):
        observed(Short())


def test_the_check_stops_everything_by_raising() -> None:
    script = Script()
    script.delay_s = 0.1
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError("stop", remedy="")

    with pytest.raises(CancelledError):
        observed(script, hear=Ear().listener(check))
    assert len(generated(script)) < 6
