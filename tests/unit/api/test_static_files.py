"""The files that pages load, and how long a browser keeps them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from dashboard.assets import STATIC, static

TEMPLATES = STATIC.with_name("templates")


@pytest.fixture
def client(home: Path) -> TestClient:
    return TestClient(create_app(), raise_server_exceptions=False)


def test_a_file_whose_address_names_its_version_is_kept(client: TestClient) -> None:
    answer = client.get(static("plumbline.css"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_file_without_its_version_is_asked_for_again(client: TestClient) -> None:
    assert client.get("/static/plumbline.css").headers["Cache-Control"] == "no-cache"
    missing = client.get("/static/nothing.css?v=1")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers["Cache-Control"]


def test_addresses_change_with_the_content() -> None:
    assert re.fullmatch(r"/static/plumbline\.css\?v=[0-9a-f]{12}", static("plumbline.css"))
    with pytest.raises(FileNotFoundError):
        static("nothing.css")


def test_pages_load_nothing_from_elsewhere_and_carry_no_script_or_style_of_their_own() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template.name
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), template.name
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on", text), template.name
        assert not re.search(r"\|\s*safe\b", text), template.name


def test_what_is_vendored_says_where_it_comes_from_and_under_which_licence() -> None:
    folders = list((STATIC / "vendor").iterdir())
    assert folders
    for folder in folders:
        names = {path.name for path in folder.iterdir()}
        assert "SOURCE" in names, folder.name
        assert any(name.startswith("LICENSE") for name in names), folder.name
