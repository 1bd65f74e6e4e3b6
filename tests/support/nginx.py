"""Debian's nginx, run with a configuration as it stands in an example, on free ports of loopback."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.app_server import free_port, wait_until
from tests.support.gate import PATIENCE

NAME = "rerank.example.org"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MISSING = "NO NGINX ON THE PATH: its example was not run. Install it (Debian: apt install nginx-light)."


@dataclass
class Nginx:
    """A running nginx: its ports, who trusts its certificate, and its process."""

    https: int
    http: int
    trust: ssl.SSLContext


@contextlib.contextmanager
def running(folder: Path, example: str) -> Iterator[Nginx]:
    """nginx with what an example has inside its http block. The test is skipped where there is no nginx; in CI it
    fails."""
    if NGINX is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    trust, https, http = certificate(folder), free_port(), free_port()
    text = example.replace("/etc/ssl/rerank", str(folder))
    text = text.replace("listen 443", f"listen 127.0.0.1:{https}").replace("listen 80", f"listen 127.0.0.1:{http}")
    paths = "".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder / 'nginx.pid'}; error_log {folder / 'error.log'};\n"
        f"{'user root;' if os.geteuid() == 0 else ''} events {{}}\n"
        f"http {{ access_log off; {paths}\n{text}\n}}\n"
    )
    with (folder / "nginx.log").open("wb") as said:
        process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(config)], stderr=said)
        try:
            wait_until(lambda: _listens(process, https, folder / "nginx.log"), "nginx")
            yield Nginx(https, http, trust)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def certificate(folder: Path) -> ssl.SSLContext:
    """Write a certificate and its key for NAME; gives who trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def _listens(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
