"""The server as a process: it starts, serves over TLS when asked, says what is wrong, and stops cleanly."""

import datetime
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fixtures.servers import free_port

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 50


class Server:
    """`parloir run` on a free port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PORT": str(self.port),
            "PARLOIR_DATA_DIR": str(folder / "var"),
            **settings,
        }
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("parloir"), "run"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, url: str, trust: Path | None = None) -> bytes:
        """The body of `url` once the server answers."""
        context = ssl.create_default_context(cafile=str(trust)) if trust else None
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with urllib.request.urlopen(url, timeout=START_TIMEOUT_S, context=context) as answer:
                    body: bytes = answer.read()
                    return body
            except OSError as failure:
                if isinstance(failure, urllib.error.HTTPError):
                    failure.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Exit code and everything it printed."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=STOP_TIMEOUT_S)
        return self.process.returncode, said

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        server.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_says_so_and_stops_with_zero(tmp_path: Path, servers: list[Server], how: signal.Signals) -> None:
    server = Server(tmp_path)
    servers.append(server)
    assert json.loads(server.get(f"http://127.0.0.1:{server.port}/healthz")) == {"status": "ok"}
    assert b"Parloir" in server.get(f"http://127.0.0.1:{server.port}/")
    code, said = server.stop(how)
    assert code == 0, said
    assert f"http://localhost:{server.port}" in said
    assert "Traceback" not in said


def test_it_serves_over_tls_with_the_operators_certificate(tmp_path: Path, servers: list[Server]) -> None:
    certificate, key = _self_signed(tmp_path)
    server = Server(tmp_path, PARLOIR_TLS_CERT=str(certificate), PARLOIR_TLS_KEY=str(key))
    servers.append(server)
    assert json.loads(server.get(f"https://localhost:{server.port}/healthz", certificate)) == {"status": "ok"}
    code, said = server.stop()
    assert code == 0, said
    assert f"https://localhost:{server.port}" in said


def test_a_port_in_use_is_said_in_words(tmp_path: Path, servers: list[Server]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = Server(tmp_path, PORT=str(taken.getsockname()[1]))
        servers.append(server)
        said, _ = server.process.communicate(timeout=START_TIMEOUT_S)
    assert server.process.returncode == 1
    assert "cannot listen on" in said
    assert "Traceback" not in said


def _self_signed(folder: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, key
