"""TLS: whom the transport trusts."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from evals.transport.faults import NoConnectionError
from tests.unit.evals.transport.talking import OK, Play, Served, saying


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    extra = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "certificate"]
    subprocess.run(["openssl", *words.split(), *extra], check=True, capture_output=True)
    return folder / "certificate", folder / "key"


def secured(play: Play, certificate: tuple[Path, Path]) -> bytes:
    async def ask() -> bytes:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        async with Served(saying(OK), tls=context) as pool:
            await pool.request("POST", "/x")
            return (await pool.request("POST", "/x")).body

    body = play(ask())
    assert isinstance(body, bytes)
    return body


def test_a_trusted_certificate_is_spoken_to(
    play: Play, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert secured(play, certificate) == b"ok"


def test_a_certificate_that_nobody_vouches_for_is_refused(play: Play, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(NoConnectionError, match="certificate verify failed"):
        secured(play, certificate)
