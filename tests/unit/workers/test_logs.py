"""The end of a log, and nothing secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.logs import MAX_BYTES, scrub, tail


def test_the_last_lines_are_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(str(number) for number in range(1000)))
    assert tail(log, lines=3) == ["997", "998", "999"]


def test_a_giant_log_is_read_from_its_end_and_starts_with_a_whole_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        for number in range(400_000):
            file.write(f"line {number}\n")
    found = tail(log, lines=10**9)
    assert found[-1] == "line 399999"
    assert sum(len(line) + 1 for line in found) <= MAX_BYTES
    assert found[0].startswith("line ")
    assert int(found[0].split()[1]) == 400_000 - len(found)


def test_earlier_attempts_in_the_same_file_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\nafter\n")
    assert tail(log, start=7) == ["after"]


def test_a_log_that_does_not_exist_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == []


@pytest.mark.parametrize(
    "text",
    [
        "token hf_SECRETSECRETSECRET in use",
        "Authorization: Bearer SECRETSECRET.SECRET",
        "postgresql://user:SECRET@host/db",
        "api_key='SECRET'",
        "admin_api_key=SECRET",
        "'api_key': 'SECRET', 'port': 1",
        "PASSWORD=SECRET",
        "aws_secret_access_key = SECRET",
        "key ghp_SECRETSECRETSECRETSECRET",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    assert "SECRET" not in scrub(text).replace("secret", "")
    assert "[hidden]" in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "'api_key': None, 'admin_api_key': None, 'host': '127.0.0.1'",
        "max_total_num_tokens=16384, bos_token_id=1",
        "http://127.0.0.1:30000/health",
        "loading weights in 3.2 s: 100%",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert scrub(text) == text
