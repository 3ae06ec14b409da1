"""Engine logs are read from their own folder alone, from the end or from an offset."""

from pathlib import Path

import pytest

from api.logs import MAX_BYTES, find_log, read_from, read_tail


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "jobs"
    (root / "j1").mkdir(parents=True)
    (root / "j1" / "engine.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "secret").write_text("secret")
    (root / "link.log").symlink_to(tmp_path / "secret")
    return root


def test_a_log_in_the_jobs_folder_is_found(root: Path) -> None:
    assert find_log(str(root / "j1" / "engine.log"), root) == (root / "j1" / "engine.log").resolve()


@pytest.mark.parametrize("path", ["../secret", "j1/../../secret", "link.log", "/etc/passwd", "j1", "", "a\x00b", None])
def test_nothing_outside_the_jobs_folder_is_found(root: Path, path: str | None) -> None:
    assert find_log(path, root) is None


def test_a_tail_is_the_last_lines(root: Path) -> None:
    piece = read_tail(root / "j1" / "engine.log", 2)
    assert piece.text == "two\nthree\n"
    assert piece.next_offset == 14


def test_what_follows_an_offset_is_what_was_written_since(root: Path) -> None:
    log = root / "j1" / "engine.log"
    offset = read_tail(log, 1).next_offset
    with log.open("a") as file:
        file.write("four\n")
    assert read_from(log, offset).text == "four\n"


def test_a_giant_log_is_never_read_whole(root: Path) -> None:
    log = root / "j1" / "engine.log"
    log.write_text("x" * (3 * MAX_BYTES))
    assert len(read_tail(log, 10).text) == MAX_BYTES
    assert len(read_from(log, 0).text) == MAX_BYTES
