"""What a comment asks for."""

from __future__ import annotations

import pytest

from workers.github.commands import MOST_READ, Command, Misread, commands_in


def only(comment: str) -> Command | Misread:
    (found,) = commands_in(comment)
    return found


def test_a_run_names_its_suite_and_its_values() -> None:
    comment = "Looks good.\n\n/plumbline run new-model-vlm model=Qwen/Qwen3-VL-8B gpus=1\nThanks!"
    assert only(comment) == Command(
        verb="run", suite="new-model-vlm", values={"model": "Qwen/Qwen3-VL-8B", "gpus": "1"}
    )


def test_a_run_may_leave_its_suite_to_the_repository() -> None:
    assert only("/plumbline run head=abc123") == Command(verb="run", values={"head": "abc123"})


@pytest.mark.parametrize("verb", ["cancel", "status", "help"])
def test_short_commands_have_no_words_behind_them(verb: str) -> None:
    assert only(f"/plumbline {verb.upper()}") == Command(verb=verb)
    assert isinstance(only(f"/plumbline {verb} now"), Misread)


def test_failed_jobs_are_run_again_by_two_words() -> None:
    assert only("/plumbline rerun failed") == Command(verb="rerun")
    assert only("/plumbline rerun") == Misread(
        line="/plumbline rerun", problem="rerun is written otherwise", nearest="/plumbline rerun failed"
    )


def test_a_reason_in_quotation_marks_is_one_value() -> None:
    assert only("/plumbline promote reason='new floor'") == Command(verb="promote", values={"reason": "new floor"})


def test_the_bare_name_asks_for_help() -> None:
    assert only("/plumbline") == Command(verb="help")


@pytest.mark.parametrize(
    ("line", "problem", "nearest"),
    [
        ("/plumbline runn gsm8k", "there is no command 'runn'", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline xyzzy", "there is no command 'xyzzy'", "/plumbline help"),
        ("/plumbline run gsm8k modle=x", "did you mean 'model'?", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline run gsm8k model", "'model' is no key=value", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline run gsm8k model=", "'model=' is no key=value", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline run a gpus=1 gpus=2", "gpus is given twice", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline run ../etc", "'../etc' is no suite's name", "/plumbline run [SUITE] [key=value ...]"),
        ("/plumbline run 'open", "a quotation mark has no partner", "/plumbline help"),
        (f"/plumbline run a model={'x' * 300}", "more than 200 characters", "/plumbline run [SUITE] [key=value ...]"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_command(line: str, problem: str, nearest: str) -> None:
    found = only(line)
    assert isinstance(found, Misread)
    assert problem in found.problem
    assert found.nearest == nearest
    assert len(found.line) <= 80


@pytest.mark.parametrize(
    "comment",
    [
        "see `/plumbline run` for that",
        "> /plumbline run gsm8k",
        "```\n/plumbline run gsm8k\n```",
        "~~~~ text\n~~~\n/plumbline run gsm8k\n~~~~",
        "```\n/plumbline run gsm8k",
        "    /plumbline run gsm8k",
        "/plumbliner run gsm8k",
        "please /plumbline run gsm8k",
        "",
    ],
)
def test_quotes_code_and_talk_hold_no_command(comment: str) -> None:
    assert commands_in(comment) == []


def test_a_command_behind_a_closed_block_counts() -> None:
    assert only("```python\nx = 1\n```\n/plumbline status") == Command(verb="status")


def test_a_comment_holds_three_commands_at_most() -> None:
    found = commands_in("/plumbline status\n" * 500)
    assert [type(one) for one in found] == [Command, Command, Command, Misread]
    last = found[-1]
    assert isinstance(last, Misread)
    assert "500" in last.problem


def test_what_lies_beyond_the_longest_comment_is_not_read() -> None:
    assert commands_in("x" * MOST_READ + "\n/plumbline status") == []
