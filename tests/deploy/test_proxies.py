"""The examples of proxies, run in front of the shipped web server."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from config.env import CHECKOUT
from generation.client import InternalAPI, ask_about
from generation.contract.hello import Hello
from tests.engine.conftest import SECRET, Stack, free_port, process, wait_until

NAME = "directories.example.org"
PROXIES = ("nginx", "caddy")
# As root of a build machine has it, which is not on everybody's PATH.
PLACES = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, its key next to it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    name = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-days", "2", *key.split(), *name.split()),
            *("-keyout", path.with_suffix(".key"), "-out", path),
        ],
        check=True,
        capture_output=True,
    )
    return path


def as_nginx(text: str, *, port: int, folder: Path, certificate: Path) -> list[str]:
    """Put the example into a whole configuration, and return the command."""
    for pattern, replacement in {
        r"listen 80;": f"listen 127.0.0.1:{free_port()};",
        r"listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        r"ssl_certificate .+;": f"ssl_certificate {certificate};",
        r"ssl_certificate_key .+;": (
            f"ssl_certificate_key {certificate.with_suffix('.key')};"
        ),
    }.items():
        text, count = re.subn(pattern, replacement, text)
        assert count == 1, pattern
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Started by root it would run as somebody who may not write into this folder.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    return ["-e", "stderr", "-p", str(folder), "-c", str(path)]


def as_caddy(text: str, *, port: int, folder: Path, certificate: Path) -> list[str]:
    key = certificate.with_suffix(".key")
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n"
    here = f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n"
    text, count = re.subn(r"^\{\n", options, text, count=1, flags=re.MULTILINE)
    assert count == 1
    assert f"\n{NAME} {{\n" in text
    path = folder / "Caddyfile"
    path.write_text(text.replace(f"\n{NAME} {{\n", f"\n{here}"))
    return ["run", "--adapter", "caddyfile", "--config", str(path)]


EXAMPLES = {
    "nginx": ("deploy/nginx.example.conf", as_nginx),
    "caddy": ("deploy/Caddyfile.example", as_caddy),
}


class Behind(Stack):
    """The shipped web server, and a proxy with TLS in front of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.front = free_port()
        self.url = f"https://localhost:{self.front}"
        self.environment |= {
            "PORT": str(self.port),
            "WEB_PROCESSES": "1",
            "ALLOWED_HOSTS": "localhost",
            "CSRF_TRUSTED_ORIGINS": self.url,
            "HTTPS_ONLY": "true",
            "BEHIND_PROXY": "true",
            "CLIENT_ADDRESS_HEADER": "X-Forwarded-For",
        }

    @contextmanager
    def running(self, proxy: str, certificate: Path) -> Iterator[None]:
        program = shutil.which(proxy, path=PLACES)
        if program is None:
            pytest.skip(f"there is no {proxy}: on Debian, apt-get install {proxy}")
        example, adapt = EXAMPLES[proxy]
        text = (CHECKOUT / example).read_text()
        assert text.count("127.0.0.1:8000") == 1
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        text = text.replace("_timeout 10s", "_timeout 1s")
        text = text.replace("read_header 10s", "read_header 1s")
        options = adapt(
            text, port=self.front, folder=self.folder, certificate=certificate
        )
        own = {"PATH": PLACES, "HOME": str(self.folder)}
        self.manage("migrate", "--noinput")
        with (
            process(
                *(str(CHECKOUT / "deploy" / "run"), "web"),
                environment=self.environment,
                log=self.folder / "web.log",
            ),
            process(program, *options, environment=own, log=self.folder / "proxy.log"),
        ):
            wait_until(lambda: self.is_up(certificate))
            yield

    def is_up(self, certificate: Path) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", verify=str(certificate)).ok
        except requests.RequestException:
            return False


@pytest.mark.parametrize("proxy", PROXIES)
def test_proxy_passes_on_what_is_signed_and_cuts_off_what_is_slow(
    proxy: str, tmp_path: Path, certificate: Path
) -> None:
    installation = Behind(tmp_path)
    with installation.running(proxy, certificate):
        session = requests.Session()
        session.verify = str(certificate)
        check_signed_calls(installation, session)
        check_addresses(installation, session)
        check_large_bodies(installation, session)
        check_slow_heads(installation, certificate)


def check_signed_calls(installation: Behind, session: requests.Session) -> None:
    url = f"{installation.url}/internal/trigger"
    hello = Hello(
        host="north",
        pid=7,
        queue="gazetteer",
        queue_key="0" * 8,
    )
    api = InternalAPI(url, SECRET, session=session, tries=1)

    about = ask_about(api)
    heard = api.post("/workers/hello", hello.model_dump_json(), key=str(uuid4()))

    assert about.queue == "gazetteer"
    assert heard.json() == {"heard": True}


def check_addresses(installation: Behind, session: requests.Session) -> None:
    """The proxy's word counts for the scheme and the address, and a client's does not."""
    page = f"{installation.url}/admin/login/"
    made_up = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "http"}
    assert session.get(page, headers=made_up, allow_redirects=False).status_code == 200
    for _ in range(5):
        form = {
            "username": "ada",
            "password": "wrong",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        session.post(page, data=form, headers=made_up | {"Referer": page})

    assert "Locking out" in installation.log("web")
    assert "127.0.0.1" in installation.log("web").partition("Locking out")[2]
    assert "192.0.2.9" not in installation.log("web")


def check_large_bodies(installation: Behind, session: requests.Session) -> None:
    url = f"{installation.url}/api/directories/"

    taken = session.post(url, data=bytes(3_000_000))
    streamed = session.post(url, data=iter([bytes(1_000_000)] * 3))

    assert (taken.status_code, streamed.status_code) == (401, 401)


def check_slow_heads(installation: Behind, certificate: Path) -> None:
    tls = ssl.create_default_context(cafile=str(certificate))
    connected = socket.create_connection(("127.0.0.1", installation.front), timeout=60)
    with closing(tls.wrap_socket(connected, server_hostname="localhost")) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        answer = client.recv(1000)

    assert b" 200 " not in answer
