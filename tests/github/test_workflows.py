"""The action and the workflows of the documents are what GitHub reads, and safe for forks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / "docs" / "workflows").glob("*.yml"))


def scripts(value: Any) -> list[str]:
    """Return every `run` in a workflow or an action."""
    if isinstance(value, dict):
        own = [value["run"]] if isinstance(value.get("run"), str) else []
        return own + [script for part in value.values() for script in scripts(part)]
    return [script for part in value for script in scripts(part)] if isinstance(value, list) else []


def test_they_follow_githubs_schemas() -> None:
    check = Path(sys.executable).parent / "check-jsonschema"
    for schema, files in (("vendor.github-actions", [ACTION]), ("vendor.github-workflows", WORKFLOWS)):
        command = [str(check), "--builtin-schema", schema, *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda file: file.name)
def test_no_script_has_an_expression_in_it(file: Path) -> None:
    found = scripts(yaml.safe_load(file.read_text()))
    assert found or file.name == "evaluate.yml"
    assert not [script for script in found if "${{" in script]


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda file: file.name)
def test_every_script_is_one_that_bash_reads(file: Path) -> None:
    for script in scripts(yaml.safe_load(file.read_text())):
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == 0, done.stderr


def test_what_runs_a_forks_code_has_no_secret_and_only_reads() -> None:
    text = (ROOT / "docs" / "workflows" / "fork-evaluate.yml").read_text()
    assert "secrets." not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in "".join(file.read_text() for file in WORKFLOWS)


def test_what_may_write_fetches_no_code_of_the_fork() -> None:
    text = (ROOT / "docs" / "workflows" / "fork-comment.yml").read_text()
    assert "actions/checkout" not in text
    assert '--head "$HEAD_SHA"' in text
    assert re.search(r"HEAD_SHA: \$\{\{ github\.event\.workflow_run\.head_sha \}\}", text)
