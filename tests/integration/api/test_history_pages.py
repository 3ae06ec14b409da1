"""The pages about lineages, their files, and what stays harmless on them."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from dashboard.links import history_of
from db.settings import settings
from tests.integration.api.browsing import Clients
from tests.integration.api.world import HOSTILE
from tests.integration.db.history_world import LINEAGE, METRIC, add_nights, add_point, analyse, commit

HTML = {"Accept": "text/html"}
PAGE = history_of(LINEAGE.key)
HOSTILE_LINEAGE = {"lineage": f"/m/{HOSTILE} | gsm8k@1 | hf | 2 cores", "model": f"/m/{HOSTILE}", "engine": "hf"}


def test_the_list_names_each_lineage_with_its_newest_value_and_state(client: TestClient) -> None:
    add_nights([100.0] * 20 + [120.0] * 5)
    analyse()
    add_point(0.5, 30, lineage="/m | gsm8k@1 | hf | 2 cores", model="/m", workload_key="gsm8k@1", engine="hf",
              metric="acc,none", unit="share", direction="higher", low=0.45, high=0.55)  # fmt: skip
    page = client.get("/history", headers=HTML).text
    assert "2 lineages" in page
    assert "50.0 %" in page
    assert "[45.0, 55.0]" in page
    assert '<span class="chip open">Regression</span>' in page
    assert f'href="{PAGE}"' in page
    only = client.get("/history", headers=HTML, params={"engine": "hf", "model": ""}).text
    assert PAGE not in only
    assert "No lineage is like that" in client.get("/history", headers=HTML, params={"workload": "nothing"}).text


def test_an_empty_history_says_what_to_do(client: TestClient) -> None:
    assert "plumbline submit --model" in client.get("/history", headers=HTML).text


def test_a_lineage_shows_all_points_without_a_script(client: TestClient) -> None:
    runs = add_nights([100.0] * 20 + [120.0] * 5)
    (regression,) = analyse()
    partial = add_point(90, 3, kind="pull_request", partial="only 3 of 6 rounds")
    page = client.get(PAGE, headers=HTML).text
    for run in (*runs, partial):
        assert f'href="/runs/{run}"' in page
    assert "Partial</span> only 3 of 6 rounds" in page
    assert f'href="/regressions/{regression.id}"' in page
    assert commit(20)[:12] in page
    assert "a regression (open) begins here" in page
    assert page.count("pull request</td>") == 1


def test_the_files_hold_exactly_what_the_page_shows(client: TestClient) -> None:
    add_nights([100.0] * 10)
    add_point(90, 12, kind="pull_request")
    address = client.get(f"{PAGE}?kind=nightly&since=2026-01-03&until=2026-01-06&metric=", headers=HTML).text
    csv_address = address.split('<a href="/history.csv?')[1].split('"')[0].replace("&amp;", "&")
    rows = list(csv.DictReader(io.StringIO(client.get(f"/history.csv?{csv_address}").text)))
    assert [row["finished_at"][:10] for row in rows] == [f"2026-01-0{day}" for day in (3, 4, 5, 6)]
    found = client.get(f"/history.json?{csv_address}").json()
    assert [point["run"] for point in found["series"][0]["points"]] == [row["run"] for row in rows]
    assert found["series"][0]["levels"][0]["n"] == 4
    api = client.get("/api/v1/history", params={"lineage": LINEAGE.key, "kind": "pull_request"}).json()
    assert [point["value"] for point in api["series"][0]["points"]] == [90]


def test_filters_that_nothing_passes_and_lineages_that_do_not_exist(client: TestClient) -> None:
    add_nights([100.0] * 3)
    assert "No point is like that" in client.get(f"{PAGE}?since=2030-01-01", headers=HTML).text
    assert client.get("/history/no%20such", headers=HTML).status_code == 404
    assert client.get(f"{PAGE}?limit=0", headers=HTML).status_code == 422
    assert client.get(f"{PAGE}?metric=other", headers=HTML).status_code == 404


def test_hostile_names_stay_text(client: TestClient) -> None:
    add_point(0.5, 1, metric=f"acc{HOSTILE}", source=HOSTILE, version=HOSTILE, partial=HOSTILE, **HOSTILE_LINEAGE)
    for address in ("/history", f"/history/{quote(HOSTILE_LINEAGE['lineage'], safe='')}"):
        page = client.get(address, headers=HTML).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


def test_strangers_read_only_where_the_operator_lets_them(client_as: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    add_nights([100.0] * 3)
    stranger = client_as(None)
    for address in ("/history", PAGE, f"/history.csv?lineage={quote(LINEAGE.key)}"):
        assert stranger.get(address).status_code == 401
    monkeypatch.setenv("PLUMBLINE_PUBLIC_READ", "1")
    settings.cache_clear()
    assert METRIC in stranger.get(PAGE, headers=HTML).text
    assert stranger.get(f"/history.json?lineage={quote(LINEAGE.key)}").status_code == 200
