"""What is asked after an interruption, and what is not asked again."""

from __future__ import annotations

from dataclasses import replace

from evals.parity.records import Mode, Observation, Record
from tests.unit.evals.parity.asking.observing_world import Ear, generated, modes, observed
from tests.unit.evals.parity.asking.scripted_server import Script


def test_what_is_known_is_not_asked_again() -> None:
    whole = observed(Script())
    script, ear = Script(), Ear()
    part = replace(whole, records=whole.records[:9], tokenized=whole.tokenized[:1], facts={})
    again = observed(script, ear, known=part)
    assert sorted(map(repr, again.records)) == sorted(map(repr, whole.records))
    assert len(script.bodies("/tokenize")) == 1
    assert ear.progress[0] == (0, 1)
    assert [heard for heard in ear.heard if isinstance(heard, Record)] == list(again.records[9:])
    assert set(again.tokenized) == set(whole.tokenized)


def test_all_are_asked_together_again_after_an_interruption_and_after_a_second_one() -> None:
    whole = observed(Script())
    part = replace(whole, records=whole.records[:7], facts={})
    script, ear = Script(), Ear()
    script.delay_s = 0.1
    again = observed(script, ear, known=part)
    assert script.most_at_once == 4
    assert ear.progress[0] == (0, 4 + 2)
    assert len(batches(again)) == 1
    assert batches(again) != batches(whole)
    # What a second interruption leaves: some prompts of its own pass, the others of the one before.
    mixed = {(record.prompt, record.mode): record for record in (*whole.records, *again.records[4:6])}
    third = observed(Script(), known=replace(whole, records=tuple(mixed.values()), facts={}))
    assert len(batches(third)) == 1
    assert modes(third) == modes(whole)


def batches(observation: Observation) -> set[str]:
    """Return the names of the passes in which prompts were asked together."""
    return {record.batch for record in observation.records if record.mode is Mode.TOGETHER}


def test_what_was_heard_of_other_prompts_is_asked_anew() -> None:
    whole = observed(Script())
    script = Script()
    observed(script, known=replace(whole, facts={**whole.facts, "prompts_sha256": "other"}))
    assert len(generated(script)) == 12
