"""The image, the compose file and the Kubernetes example: read by linters, held against each other and against the app.

No container is run here. What can be run without one is: the files of the image as a process, its health check, nginx.
"""

from __future__ import annotations

import fnmatch
import http.server
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from pages.components.server import deployment, startup
from rerank_core.storage.connection.address import resolved
from tests.support import ROOT, nginx
from tests.support.app_server import clean_environment, free_port, start_server
from tests.support.gate import PATIENCE

DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
NGINX = (DEPLOY / "nginx.conf").read_text("utf-8")
GUIDE = (ROOT / "docs" / "operating.md").read_text("utf-8")
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
APPS = ("app-1", "app-2")


def of_kind(kind: str) -> list[dict[str, Any]]:
    """The objects of a kind in the Kubernetes example."""
    return [each for each in KUBERNETES if each["kind"] == kind]


def instructions(name: str) -> list[str]:
    """What the last stage of the Dockerfile says by this instruction, continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ").rpartition("\nFROM ")[2]
    return re.findall(rf"^{name} +(.+)$", joined, re.MULTILINE)


def test_the_linters_find_nothing() -> None:
    """hadolint reads the Dockerfile, yamllint the YAML; a warning fails."""
    if HADOLINT is None:
        pytest.skip("NO HADOLINT FOR THIS SYSTEM: the Dockerfile was not read by it.")
    found = subprocess.run([HADOLINT, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
    command = [sys.executable, "-m", "yamllint", "--strict", "deploy"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_compose_file_is_one() -> None:
    """The compose file is what the specification of Compose allows, with no name that it does not know."""
    models = pytest.importorskip("compose_spec.models", reason="compose-spec has no wheel for this system")
    spec = models.ComposeSpecification.model_validate(COMPOSE)
    assert set(SERVICES) == set(spec.model_dump(exclude_none=True)["services"])
    assert {*APPS, "database", "proxy", "login"} == set(SERVICES)


@pytest.mark.parametrize("there", KUBERNETES, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_knows_every_field(there: dict[str, Any]) -> None:
    """Each object has the fields of its kind and no other, as Kubernetes 1.31 has them."""
    kubernetes_validate.validate(there, "1.31", strict=True)


def images() -> list[str]:
    """Every image that is named anywhere."""
    pods = [each["spec"]["template"]["spec"] for each in of_kind("StatefulSet")]
    named = [container["image"] for pod in pods for container in pod["containers"]]
    return named + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) + [each["image"] for each in SERVICES.values()]


def test_every_image_is_of_one_version() -> None:
    """No image is "latest", or whatever is there at the moment."""
    assert not [each for each in images() if not re.search(r":v?\d+\.\d+", each)]


def test_nothing_of_ours_runs_as_root() -> None:
    """The image has a user of its own, with no right to its own files, and no example changes that."""
    assert instructions("USER") == ["10001:10001"]
    assert "--chown" not in DOCKERFILE
    assert not [name for name in APPS if "user" in SERVICES[name] or SERVICES[name].get("privileged")]
    (stateful,) = of_kind("StatefulSet")
    pod = stateful["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_few_rights_and_says_whether_it_is_well(name: str) -> None:
    """No service keeps rights that it does not need, and each has a health check; the app's is the image's."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "healthcheck" in service or (name in APPS and len(instructions("HEALTHCHECK")) == 1)
    assert ("ports" in service) == (name == "proxy"), "only the proxy is reached from outside"
    assert service["restart"] == "unless-stopped"


def test_what_is_kept_is_on_volumes() -> None:
    """The app's folder and PostgreSQL's are on volumes with names, so that a new container finds them."""
    homes = [part.partition("=")[2] for part in instructions("ENV")[0].split() if "PLAYGROUND_HOME" in part]
    assert homes == ["/data/rerank-playground"]
    assert instructions("VOLUME") == ["/data"]
    assert all("data:/data" in SERVICES[name]["volumes"] for name in APPS)
    assert "database:/var/lib/postgresql/data" in SERVICES["database"]["volumes"]
    assert set(COMPOSE["volumes"]) == {"data", "database"}
    (stateful,) = of_kind("StatefulSet")
    mounts = stateful["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert "/data" in [mount["mountPath"] for mount in mounts]


def test_the_ports_agree() -> None:
    """The image, the examples, nginx and the guide mean the same ports."""
    port = str(deployment.st.get_option("server.port"))
    assert instructions("EXPOSE") == [port]
    assert re.findall(r"server app-\d:(\d+)", NGINX) == [port, port]
    (stateful,) = of_kind("StatefulSet")
    container = stateful["spec"]["template"]["spec"]["containers"][0]
    ports = {each["name"]: str(each["containerPort"]) for each in container["ports"]}
    metrics = next(each["value"] for each in container["env"] if each["name"] == "RERANK_METRICS_PORT")
    assert ports == {"http": port, "metrics": metrics}
    for name in APPS:
        assert SERVICES[name]["environment"]["RERANK_METRICS_PORT"] == metrics
        assert SERVICES[name]["expose"] == [port, metrics]
    assert f"metrics_port = {metrics}" in GUIDE
    assert f"http://127.0.0.1:{port}" in GUIDE


def test_the_copies_share_one_database() -> None:
    """The address that the compose file gives is the one of its PostgreSQL, as the app reads addresses."""
    database = SERVICES["database"]["environment"]
    for name in APPS:
        given = SERVICES[name]["environment"]["RERANK_DATABASE_URL"]
        url = resolved(re.sub(r"\$\{\w+:[^}]*\}", "word", given)).server
        assert (url.drivername, url.host, url.port) == ("postgresql+psycopg", "database", 5432)
        assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
        assert database["POSTGRES_PASSWORD"] in given


def test_nginx_passes_on_what_the_guide_says() -> None:
    """What stands before several copies does all that the guide's proxy for one does."""
    (one,) = re.findall(r"```nginx\n(.*?)```", GUIDE, re.DOTALL)

    def lines(text: str) -> set[str]:
        plain = {re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in text.splitlines()}
        return {line for line in plain if line and not line.startswith("proxy_pass ")}

    assert lines(one) <= lines(NGINX)


def test_the_secrets_of_the_example_make_a_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the empty values filled in, the app has nothing against them, and the identity provider knows them."""
    secrets = tomllib.loads((DEPLOY / "secrets.toml.example").read_text("utf-8"))
    login = yaml.safe_load((DEPLOY / "dex.yaml").read_text("utf-8"))
    auth = {name: value or "v" * 48 for name, value in secrets["auth"].items()}
    assert auth["server_metadata_url"] == f"{login['issuer']}/.well-known/openid-configuration"
    (client,) = login["staticClients"]
    assert (client["id"], client["redirectURIs"]) == (auth["client_id"], [auth["redirect_uri"]])
    assert [person["email"] for person in login["staticPasswords"]] == secrets["access"]["allow"]
    given = deployment.st.get_option
    hosts = SERVICES["app-1"]["environment"]["STREAMLIT_SERVER_ALLOWED_HOSTS"].split()
    options = {"server.allowedHosts": hosts, "server.address": "0.0.0.0"}
    monkeypatch.setattr(deployment, "secrets", lambda: secrets | {"auth": auth})
    monkeypatch.setattr(deployment.st, "get_option", lambda name: options.get(name, given(name)))
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "home"))
    assert startup.problems() == []


def test_no_file_of_the_examples_holds_a_secret() -> None:
    """Passwords are filled in by whoever runs it; what they are filled into, git ignores."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"deploy/.env", "deploy/rerank/", "deploy/certificates/"} <= set(ignored)
    values = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "env.example").read_text("utf-8"), re.MULTILINE)
    assert {value.strip("'") for _name, value in values} == {""}
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text("utf-8")))
    assert used == {name for name, _value in values}


def copied(to: Path) -> None:
    """Put into a folder what the Dockerfile copies from the checkout, as .dockerignore lets it through."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for line in instructions("COPY"):
        if line.startswith("--from"):
            continue
        *sources, target = line.split()
        for source in sources:
            assert any(source == each or fnmatch.fnmatch(source, f"{each}/*") for each in allowed), source
            where = to / target / Path(source).name if target.endswith("/") else to / target
            where.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, where, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, where)


@pytest.mark.slow
def test_the_files_of_the_image_are_the_app_and_its_health_check_knows(tmp_path: Path) -> None:
    """What the image holds starts, without the rest of the checkout, and the check tells it from an app that is not
    there."""
    copied(tmp_path / "app")
    command = instructions("CMD")[-1]
    assert command.startswith('["python", "-m", "streamlit", "run", "app.py"')
    home = tmp_path / "home"
    home.mkdir()
    app = start_server(home, script=tmp_path / "app" / "app.py", root=tmp_path / "app")

    def check(port: int) -> int:
        environment = clean_environment(home, STREAMLIT_SERVER_PORT=str(port), http_proxy="http://127.0.0.1:1")
        run = [sys.executable, "healthcheck.py"]
        return subprocess.run(run, cwd=tmp_path / "app", env=environment, capture_output=True, check=False).returncode

    try:
        assert check(int(app.url.rpartition(":")[2])) == 0
    finally:
        app.stop()
    assert check(free_port()) == 1


class Copy(http.server.BaseHTTPRequestHandler):
    """Stands for a copy of the app: answers with its own port."""

    def do_GET(self) -> None:
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def copy(port: int = 0) -> Iterator[int]:
    """A copy that answers while this lasts; gives its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Copy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_browser_stays_with_one_copy_until_that_is_gone(tmp_path: Path) -> None:
    """nginx gives a new browser a copy and a cookie, with which it comes back to the same one; other browsers get other
    copies. When its copy is gone, a browser is answered by the other one, with the same cookie."""
    with ExitStack() as stack:
        first, second = ExitStack(), ExitStack()
        stack.enter_context(first), stack.enter_context(second)
        ports = first.enter_context(copy()), second.enter_context(copy())
        text = NGINX.replace("app-1:8501", f"127.0.0.1:{ports[0]}").replace("app-2:8501", f"127.0.0.1:{ports[1]}")
        proxy = stack.enter_context(nginx.running(tmp_path, text))

        def ask(cookie: str = "") -> tuple[str, str]:
            """Which copy answers a browser with this cookie, and the cookie that it gets."""
            with closing(HTTPSConnection("127.0.0.1", proxy.https, timeout=PATIENCE)) as connection:
                connection.sock = proxy.trust.wrap_socket(
                    nginx.socket.create_connection(("127.0.0.1", proxy.https)), server_hostname=nginx.NAME
                )
                headers = {"Host": nginx.NAME} | ({"Cookie": cookie} if cookie else {})
                connection.request("GET", "/", headers=headers)
                answer = connection.getresponse()
                assert answer.status == 200
                assert str(answer.getheader("strict-transport-security")).startswith("max-age=")
                return answer.read().decode(), str(answer.getheader("set-cookie") or "").partition(";")[0]

        visits = [ask() for _ in range(40)]
        assert {where for where, _cookie in visits} == {str(port) for port in ports}
        assert all(ask(cookie) == (where, "") for where, cookie in visits[:6])
        cookie = next(cookie for where, cookie in visits if where == str(ports[0]))
        first.close()
        assert ask(cookie) == (str(ports[1]), "")
