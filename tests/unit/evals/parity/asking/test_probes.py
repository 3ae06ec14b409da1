"""What is sent for one prompt, and how `/generate` is read, with answers as SGLang 0.5.23 gives them."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from evals.parity.asking.probes import Prefill
from evals.parity.asking.prompt import Prompt
from evals.parity.records import Mode
from evals.protocol import Picture
from tests.unit.evals.parity.asking.probes_world import WORDS, answer, probe

PICTURE = Picture(sha256="x", media_type="image/png", data=b"png")
SHOWN = Prompt(name="image/one", text="a <image> b", pictures=(PICTURE,))


def test_token_ids_are_sent_with_greedy_decoding_and_all_log_probabilities() -> None:
    assert probe().path == "/generate"
    assert probe().payload("m") == {
        "input_ids": [56, 57, 58, 59],
        "sampling_params": {"max_new_tokens": 2, "temperature": 0},
        "return_logprob": True,
        "logprob_start_len": 0,
        "top_logprobs_num": 2,
    }


def test_of_a_prompt_with_pictures_the_text_and_the_pictures_are_sent() -> None:
    sent = probe(SHOWN, prefix=3).payload("m")
    assert (sent["text"], sent["image_data"]) == ("a <image> b", [PICTURE.data_url()])
    assert "input_ids" not in sent
    assert sent["logprob_start_len"] == 3


@pytest.mark.parametrize(
    ("reason", "end_token"),
    [
        ({"type": "stop", "matched": 458}, 458),
        ({"type": "stop", "matched": "moon"}, None),
        ({"type": "stop"}, None),
        ({"type": "length", "length": 2}, None),
        ("stop", None),
    ],
)
def test_the_token_that_ended_the_text_is_kept_where_the_server_names_it(reason: Any, end_token: int | None) -> None:
    record = probe(batch="b").read(answer(finish_reason=reason))
    assert (record.end_token, record.batch) == (end_token, "b")


def test_a_beginning_is_read_without_log_probabilities() -> None:
    assert Prefill(prompt=WORDS, ids=(56, 57)).payload("m") == {
        "input_ids": [56, 57],
        "sampling_params": {"max_new_tokens": 1, "temperature": 0},
    }
    assert "image_data" in Prefill(prompt=SHOWN, ids=None).payload("m")
    with pytest.raises(KeyError):
        Prefill(prompt=WORDS, ids=(56,)).read({"error": "x"})


def test_the_first_token_has_no_log_probability_and_every_other_one_has_its_own() -> None:
    record = probe().read(answer())
    assert (record.prompt, record.mode, record.prompt_ids, record.start) == ("length/4", Mode.ALONE, WORDS.ids, 1)
    assert record.prefill.token_ids == (57, 58, 59)
    assert record.prefill.logprobs == (-15.5, -15.75, -16.25)
    assert record.prefill.top_ids == ((488, 507), (488, 507), (507, 488))
    assert record.prefill.top_logprobs[2] == (-2.5, -2.75)
    assert (record.decode.token_ids, record.decode.logprobs) == ((507, 458), (-2.5, -0.75))
    assert record.decode.top_ids == ((507, 2), (458, 398))
    assert (record.text, record.finish_reason, record.cached_tokens) == (" moon middle", "length", 0)
    assert record.unscored == ()


def test_a_prompt_of_one_token_has_a_decode_alone() -> None:
    one = Prompt(name="length/1", ids=(42,))
    record = probe(one).read(answer(input_token_logprobs=[[None, 42, None]], input_top_logprobs=[None]))
    assert (record.prompt_ids, record.prefill.token_ids, len(record.decode.token_ids)) == ((42,), (), 2)


def test_behind_a_cached_beginning_positions_count_from_the_prompts_start() -> None:
    meta = answer()["meta_info"]
    tail = {"input_token_logprobs": [[None, 58, None], meta["input_token_logprobs"][3]], "cached_tokens": 2}
    record = probe(prefix=2).read(answer(**tail, input_top_logprobs=[None, meta["input_top_logprobs"][3]]))
    assert (record.start, record.prompt_ids, record.cached_tokens) == (3, WORDS.ids, 2)
    assert (record.prefill.token_ids, record.prefill.logprobs) == ((59,), (-16.25,))


def test_what_is_null_is_kept_as_no_number_for_the_judge() -> None:
    broken = answer()
    broken["meta_info"]["input_token_logprobs"][2][0] = None
    broken["meta_info"]["input_top_logprobs"][2] = [[None, 0, None], [None, 1, None]]
    broken["meta_info"]["output_token_logprobs"][1][0] = None
    record = probe().read(broken)
    assert isnan(record.prefill.logprobs[1])
    assert all(isnan(value) for value in record.prefill.top_logprobs[1])
    assert isnan(record.decode.logprobs[1])


def test_sglang_shows_its_last_id_as_zero_and_the_record_has_what_was_sent() -> None:
    clipped = answer()
    clipped["meta_info"]["input_token_logprobs"][2][1] = 0
    assert probe().read(clipped).prompt_ids == WORDS.ids


@pytest.mark.parametrize("mark", [0, 5])
def test_places_of_pictures_are_marked_whatever_the_server_shows_there(mark: int) -> None:
    tokens = [[None, 56, None], [-1.0, mark, None], [-2.0, mark, None], [-16.25, 59, None]]
    record = probe(SHOWN, image_token=5).read(answer(input_token_logprobs=tokens))
    assert record.prompt_ids == (56, 5, 5, 59)
    assert record.prefill.token_ids == (5, 5, 59)
    assert record.unscored == (1, 2)


def test_the_mark_of_pictures_in_a_text_alone_is_a_token_like_others() -> None:
    prompt = Prompt(name="special/x", ids=(56, 5, 58, 59))
    told = answer()
    told["meta_info"]["input_token_logprobs"][1][1] = 5
    assert probe(prompt, image_token=5).read(told).unscored == ()
