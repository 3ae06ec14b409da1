"""Children: tied to their parent, recorded, and stopped with everything below them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from db.processes import Child, ChildSpec, end_leftover, is_alive, last_lines, recorded_process, start_log, tethered

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(100)"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True); "


def spec(tmp_path: Path, program: str, **fields: object) -> ChildSpec:
    command = [sys.executable, "-c", program]
    values = {"name": "part", "command": command, "log": tmp_path / "log", "record": tmp_path / "record"} | fields
    return ChildSpec(**values)  # type: ignore[arg-type]  # the fields vary by test


def wait_for_line(log: Path, line: str) -> None:
    for _ in range(400):
        if line in last_lines(log):
            return
        time.sleep(0.05)
    raise AssertionError(f"{line!r} never came")


def test_a_child_that_ignores_its_signals_is_killed_with_all_below_it(tmp_path: Path) -> None:
    program = PARENT.format(child=DEAF) + DEAF.replace("'up'", "'parent up'")
    child = Child(spec(tmp_path, program, stop=((signal.SIGTERM, 0.2),)))
    child.start()
    wait_for_line(tmp_path / "log", "up")
    wait_for_line(tmp_path / "log", "parent up")
    assert child.pid is not None
    below = psutil.Process(child.pid).children(recursive=True)
    assert len(below) == 1
    child.stop()
    assert not child.running()
    assert not [process for process in below if is_alive(process)]
    assert not (tmp_path / "record").exists()


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from db.processes import Child, ChildSpec; "
        f"folder = Path({str(tmp_path)!r}); "
        "command = [sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(100)']; "
        "child = Child(ChildSpec(name='part', command=command, log=folder / 'log', record=folder / 'record')); "
        "child.start(); print(child.pid, flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        wait_for_line(tmp_path / "log", "1")
        parent.kill()
    for _ in range(200):
        if not is_alive(child):
            return
        time.sleep(0.05)
    raise AssertionError("the child outlived its parent")


def test_a_command_whose_parent_is_gone_already_does_not_start() -> None:
    command = tethered([sys.executable, "-c", "print('started')"])
    command[command.index("--parent") + 1] = str(os.getppid())
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "started" not in done.stdout


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    child = Child(spec(tmp_path, "", command=[str(tmp_path / "no-such-program")]))
    child.start()
    wait_for_line(tmp_path / "log", f"{tmp_path / 'no-such-program'}: No such file or directory")
    child.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_another_user_who_still_reaches_closed_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("reached")
    program = f"import os; print(os.geteuid(), os.getgroups(), open({str(closed / 'file')!r}).read())"
    command = tethered(["/usr/bin/env", sys.executable, "-I", "-S", "-c", program], user="nobody")
    assert subprocess.check_output(command, text=True).split() == ["65534", "[]", "reached"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_asks_before_opening_is_told_the_truth_too(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("")
    program = f"import os; print(os.access({str(closed / 'file')!r}, os.R_OK))"
    command = tethered(["/usr/bin/env", sys.executable, "-I", "-S", "-c", program], user="nobody")
    assert subprocess.check_output(command, text=True).strip() == "True"


def test_a_record_of_a_reused_process_id_harms_nobody(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"]) as stranger:
        record.write_text(json.dumps({"pid": stranger.pid, "born": "another boot:1"}))
        assert recorded_process(record) is None
        end_leftover(spec(tmp_path, ""))
        assert stranger.poll() is None
        stranger.kill()


def test_a_new_log_keeps_the_last_three(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "part.log"
    for number in range(6):
        start_log(log)
        log.write_text(f"{number}\n")
    kept = {path.name: path.read_text().strip() for path in log.parent.iterdir()}
    assert kept == {"part.log": "5", "part.log.1": "4", "part.log.2": "3", "part.log.3": "2"}
