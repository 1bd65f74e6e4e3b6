"""Snippets are run for real against a server on loopback, which must receive exactly the intended JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.errors import ConfigurationError, ModelNotFoundError
from rerank_core.exports import snippets as sn
from rerank_core.models import RerankRequest
from tests.support import ROOT

KEY = "gw_prod_not_a_real_key"
EVIL = [
    "it's 'quoted' \"twice\" `id` $(id) $HOME ${HOME} \\ \\n %s !! ; & | > <",
    "JSON\nJSON\r\n\tJSON",
    "NUL \x00, escape \x1b[31m, delete \x7f, next line \x85, separators \u2028\u2029, mark \ufeff",
    "reversed \u202eevil\u2066 text, tag \U000e0041, private \ue000",
    "emoji 👩‍👩‍👧‍👦 😀, Grüße, 你好, مرحبا",
    "lone \ud800 and \udfff",
    "${process.env.HOME} `${1+1}` </script> -->",
    "{curly} {0} %(x)s",
    "--flag",
    "@/etc/passwd",
    "  spaces  ",
]


class Recorder(ThreadingHTTPServer):
    """A server that remembers each request and answers like the provider asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers with the documents in their own order."""

    server: Recorder

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw.decode("utf-8"))
        self.server.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if "candidates" in body:
            answer: dict[str, Any] = {"reranked_candidates": body["candidates"]}
        else:
            rows = [{"index": n, "relevance_score": 1 / (n + 2)} for n in range(len(body["documents"]))]
            answer = {"id": "rerank-1", "results": rows[: body.get("top_n")]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Recorder]:
    """One recording server for all tests of this file."""
    recorder = Recorder()
    thread = threading.Thread(target=recorder.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield recorder
    recorder.shutdown()
    thread.join()
    recorder.server_close()


@pytest.fixture(autouse=True)
def fresh(server: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with nothing seen and with no address or key from outside."""
    server.seen.clear()
    for name in ("GATEFLOW_API_KEY", "GATEFLOW_BASE_URL", "FLASHRANK_API_KEY", "FLASHRANK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def run(name: str, code: str, folder: Path) -> str:
    """Run a snippet as a user would, with a key in the environment, and return what it printed."""
    commands = {
        "curl": ["bash", "snippet"],
        "Python with rerank_core": [sys.executable, "-W", "error", "snippet"],
        "Python with httpx": [sys.executable, "-W", "error", "snippet"],
        "JavaScript": ["node", "snippet"],
    }
    needed = {"curl": "curl", "JavaScript": "node"}.get(name, sys.executable)
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not on this machine")
    (folder / "snippet").write_text(code, encoding="utf-8")
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "GATEFLOW_API_KEY": KEY, "FLASHRANK_API_KEY": KEY, "LANG": "C.UTF-8"}
    done = subprocess.run(
        commands[name], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


NAMES = ["curl", "Python with rerank_core", "Python with httpx", "JavaScript"]


def sent_by_the_client(request: RerankRequest, provider: str, url: str) -> Any:
    """The body that the client itself sends for this request."""
    with rc.Client(provider, api_key=KEY, base_url=url) as client:
        return client.rerank(
            request.query,
            request.documents,
            request.model,
            request.top_n,
            request.return_documents,
            rank_fields=request.rank_fields,
        ).sent


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shorten", [False, True])
def test_a_snippet_sends_the_fields_that_the_model_reads(
    name: str, shorten: bool, server: Recorder, tmp_path: Path
) -> None:
    """Title, brand and text go out as one text, as the client sends them; a document that is all title too."""
    documents = [
        {"text": "Grey.", "title": f"Tent {EVIL[number]}", "brand": "Vaude", "id": "a"} for number in range(sn.SHORT)
    ]
    documents.append({"text": "", "title": "Only a title"})
    request = RerankRequest("tent", documents, "rerank-english-v3.0", rank_fields=("title", "brand", "text"))
    wanted = sent_by_the_client(request, "gateflow", server.url)
    assert wanted["documents"][0] == f"Tent {EVIL[0]}\nVaude\nGrey."
    assert wanted["documents"][-1] == "Only a title"
    code = sn.snippets(request, "gateflow", base_url=server.url, shorten=shorten)[name]
    server.seen.clear()
    run(name, code, tmp_path)
    ((_, _, body),) = server.seen
    assert body == {**wanted, "documents": wanted["documents"][: sn.SHORT] if shorten else wanted["documents"]}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("provider", ["gateflow", "flashrank"])
def test_a_snippet_sends_exactly_what_the_client_sends(
    name: str, provider: str, server: Recorder, tmp_path: Path
) -> None:
    """Whatever the texts hold, the server gets the client's JSON, with the key from the environment."""
    request = RerankRequest('what\'s "it"? $HOME \ud800', [*EVIL, "   "], top_n=3, return_documents=True)
    wanted = sent_by_the_client(request, provider, server.url)
    server.seen.clear()
    code = sn.snippets(request, provider, base_url=server.url)[name]
    printed = run(name, code, tmp_path)
    ((path, headers, body),) = server.seen
    assert path == "/v1/rerank"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert body == wanted
    assert printed.strip()


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_request_reads_plainly(name: str, server: Recorder, tmp_path: Path) -> None:
    """An ordinary request has its texts unescaped in the code, and the options left out that were not set."""
    request = RerankRequest("Wie geht das?", ["Grüße aus Köln", "it's fine"], model="rerank-multilingual-v3.0")
    code = sn.snippets(request, "gateflow", base_url=server.url + "/")[name]
    assert '"Grüße aus Köln"' in code
    assert "it's fine" in code
    assert "top_n" not in code
    run(name, code, tmp_path)
    ((path, _, body),) = server.seen
    assert path == "/v1/rerank"
    assert body == {
        "model": "rerank-multilingual-v3.0",
        "query": "Wie geht das?",
        "documents": ["Grüße aus Köln", "it's fine"],
    }


@given(st.lists(st.text(st.characters(), min_size=1), min_size=1, max_size=4), st.text(st.characters()))
@settings(max_examples=200)
def test_python_and_json_literals_mean_the_text(texts: list[str], query: str) -> None:
    """For any texts, surrogates included, the body written down is the body meant, and it is one line an item."""
    request = RerankRequest(f"q{query}", [f"d{text}" for text in texts])
    sent = sn.curl(request, "gateflow").split("<<'JSON'\n")[1].removesuffix("JSON\n")
    wanted = json.loads(sent)
    scope: dict[str, Any] = {}
    code = sn.python_httpx(request, "gateflow").split("response = ")[0]
    exec(code, scope)
    assert scope["body"] == wanted
    assert len(wanted["documents"]) == len(texts)
    exec(sn.python_rerank_core(request, "gateflow").split("# The key")[0], scope)
    assert scope["documents"] == [document.text for document in request.documents]
    assert scope["query"] == request.query
    for made in sn.snippets(request, "gateflow").values():
        assert made.isascii() or not set(made) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u2028\x85\x00")
        made.encode("utf-8")


def test_the_shell_accepts_the_command() -> None:
    """bash parses the curl command without running it, whatever the texts hold."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not on this machine")
    code = sn.curl(RerankRequest("'; rm -rf / #", EVIL), "gateflow", base_url="https://example.com/it's/$(id)")
    done = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_snippet_holds_the_value_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's key stays in the environment; the code names the variable."""
    monkeypatch.setenv("GATEFLOW_API_KEY", KEY)
    for code in sn.snippets(RerankRequest("q", ["a"]), "gateflow").values():
        assert KEY not in code
        assert "GATEFLOW_API_KEY" in code
    assert "GATEFLOW_API_KEY" in sn.note("gateflow")


def test_the_local_engine_has_one_snippet_that_runs(tmp_path: Path) -> None:
    """On this computer nothing is sent, so there is only the library's own snippet, and it ranks."""
    request = RerankRequest("reset password", ["billing", "how to reset a password"], "local-keyword", top_n=1)
    made = sn.snippets(request, "local", base_url="https://ignored.example")
    assert list(made) == ["Python with rerank_core"]
    assert "nothing is sent" in sn.note("local")
    printed = run("Python with rerank_core", made["Python with rerank_core"], tmp_path)
    assert "how to reset a password" in printed
    assert "billing" not in printed
    with pytest.raises(ConfigurationError, match="sends nothing"):
        sn.curl(request, "local")


def test_the_default_address_is_left_out_of_the_librarys_snippet(monkeypatch: pytest.MonkeyPatch) -> None:
    """base_url appears only where it differs; the raw snippets always name the whole address."""
    request = RerankRequest("q", ["a"])
    assert "base_url" not in sn.python_rerank_core(request, "gateflow")
    assert "https://api.gateflow.ai/v1/rerank" in sn.curl(request, "gateflow")
    monkeypatch.setenv("GATEFLOW_BASE_URL", "https://rerank.example.com/")
    assert 'base_url="https://rerank.example.com"' in sn.python_rerank_core(request, "gateflow")


def test_more_documents_than_one_request_takes(server: Recorder, tmp_path: Path) -> None:
    """The raw snippets show the first batch and say so; the library's snippet sends them all."""
    request = RerankRequest("q", [f"text {n}" for n in range(2100)])
    made = sn.snippets(request, "gateflow", base_url=server.url)
    for name in ("curl", "Python with httpx", "JavaScript"):
        assert "The first of 3 requests: 1,000 of 2,100 documents." in made[name]
        assert "text 999" in made[name]
        assert "text 1000" not in made[name]
    assert "text 2099" in made["Python with rerank_core"]
    run("Python with rerank_core", made["Python with rerank_core"], tmp_path)
    assert sorted(len(body["documents"]) for _, _, body in server.seen) == [100, 1000, 1000]


@pytest.mark.parametrize("name", NAMES)
def test_a_shortened_snippet_runs_and_says_what_is_missing(name: str, server: Recorder, tmp_path: Path) -> None:
    """The first documents with text stay, the rest is counted in a comment."""
    request = RerankRequest("q", ["  ", *(f"text {n}" for n in range(40))], top_n=30)
    code = sn.snippets(request, "gateflow", base_url=server.url, shorten=True)[name]
    assert f"{41 - sn.SHORT} more documents are left out here" in code
    run(name, code, tmp_path)
    ((_, _, body),) = server.seen
    assert body["documents"] == [f"text {n}" for n in range(sn.SHORT)]
    assert body["top_n"] == sn.SHORT


def test_a_short_list_is_not_shortened() -> None:
    """With few documents there is nothing to leave out and no comment."""
    request = RerankRequest("q", ["a"] * sn.SHORT)
    assert sn.snippets(request, "gateflow", shorten=True) == sn.snippets(request, "gateflow")


def test_a_wrong_provider_model_or_address_is_refused() -> None:
    """What the client would refuse gets no snippet that cannot work."""
    with pytest.raises(ConfigurationError):
        sn.snippets(RerankRequest("q", ["a"]), "nobody")
    with pytest.raises(ConfigurationError):
        sn.snippets(RerankRequest("q", ["a"]), "gateflow", base_url="file:///etc/passwd")
    with pytest.raises(ModelNotFoundError):
        sn.snippets(RerankRequest("q", ["a"], "no-such-model"), "local")
