"""A live search engine: a real one on this machine, and a server that fails in every way."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import (
    AuthenticationError,
    BadResponseError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidQueryError,
    InvalidRequestError,
    PermissionDeniedError,
    ProviderError,
    RateLimitedError,
    RequestTimeoutError,
    RerankError,
)
from rerank_core.retrieval.live.index import MOST, LiveIndex
from rerank_core.retrieval.live.query import LiveFields, QueryTemplate
from rerank_core.transport.credentials import Credentials
from tests.support.gate import PATIENCE
from tests.support.loopback import Loopback, answers, drips, hung_up, reset, silent
from tests.support.search_engine import search_engine

FIELDS = LiveFields("body", "title", "url")
ARTICLES = {
    "a1": {"title": "Reset a password", "body": "Open Settings and choose a new password.", "url": "https://x.test/1"},
    "a2": {"title": "Invoices", "body": "Invoices come by e-mail.", "url": "https://x.test/2", "meta": {"lang": "en"}},
    "a3": {"title": "Passwort vergessen", "body": "Wählen Sie ein neues Passwort.", "tags": ["konto", "login"]},
    "a4": {"title": "Password of the router", "views": 7},
}
FOUND = {
    "took": 4,
    "timed_out": False,
    "_shards": {"total": 1, "successful": 1, "failed": 0},
    "hits": {
        "total": {"value": 1, "relation": "eq"},
        "max_score": 1.5,
        "hits": [{"_index": "kb", "_id": "7", "_score": 1.5, "_source": {"body": "A text", "title": "T"}}],
    },
}
OUR_SECRET = "s3cret-of-ours"


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """The address of a real search engine, OpenSearch's API in a process of its own, with four articles."""
    mapping = {"properties": {"url": {"type": "keyword"}, "views": {"type": "integer"}}}
    with search_engine(ARTICLES, mapping) as address:
        yield address


def asking(server: Loopback, **options: object) -> LiveIndex:
    """A connection to the loopback server."""
    return LiveIndex(server.url, "kb", FIELDS, **{"timeout": 5.0, **options})


def failing(server: Loopback, kind: type[RerankError], **options: object) -> RerankError:
    """The error of a search, which is of this kind and says in sentences what is wrong and what to do."""
    with asking(server, **options) as index, pytest.raises(RerankError) as caught:
        index.search("password")
    assert type(caught.value) is kind, repr(caught.value)
    assert caught.value.message.endswith(".")
    assert len(caught.value.hint) > 20
    return caught.value


# A real engine


def test_a_real_engine_is_searched(engine):
    """Documents come in the engine's order with ids, titles, links, scores and the rest as metadata."""
    with LiveIndex(engine, "articles", FIELDS) as index:
        found = index.search("Reset a password", 10)
    first = found.hits[0]
    assert (first.rank, first.index, first.document.id) == (1, "articles", "a1")
    assert first.document.text == ARTICLES["a1"]["body"]
    assert dict(first.document.metadata) == {"title": "Reset a password", "url": "https://x.test/1"}
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert found.documents == tuple(hit.document for hit in found.hits)
    assert (found.total, found.total_is_exact) == (len(found.hits) + 1, True)  # one has no text
    assert found.took_ms is not None
    assert found.latency_ms > 0
    assert found.sent["size"] == 10
    assert found.raw["hits"]["hits"][0]["_id"] == "a1"


def test_documents_without_text_are_named(engine):
    """A hit that lacks the text field is left out, and said to be."""
    with LiveIndex(engine, "articles", FIELDS) as index:
        found = index.search("router password")
    assert "a4" not in [document.id for document in found.documents]
    assert [hit.rank for hit in found.hits] == [2]
    assert found.notes == ("1 of 2 documents have no text in the field 'body' and were left out.",)


def test_other_fields_and_a_template_of_ones_own(engine):
    """Any query of the engine can be the template; nested values and lists are read as text."""
    template = '{"query": {"term": {"meta.lang": "{{query}}"}}, "_source": ["body", "meta.lang"]}'
    with LiveIndex(engine, "articles", LiveFields("meta.lang", "body"), template=template) as index:
        (found,) = index.search("en").documents
    assert (found.text, found.metadata["title"]) == ("en", "Invoices come by e-mail.")
    with LiveIndex(
        engine, "art*", LiveFields("tags"), template='{"query": {"match": {"body": "{{ query }}"}}}'
    ) as index:
        (found,) = index.search("Passwort").documents
    assert found.text == "konto\nlogin"
    assert found.metadata["title"] == "Passwort vergessen"


def test_nothing_found_is_a_note(engine):
    """An empty answer is no error; it says what to try."""
    with LiveIndex(engine, "articles", FIELDS) as index:
        found = index.search("zebra")
    assert (found.hits, found.total) == ((), 0)
    assert "found nothing" in found.notes[0]
    with LiveIndex(engine, "void", FIELDS) as index:
        assert index.search("password").hits == ()


def test_a_question_cannot_break_out_of_its_template(engine):
    """Quotation marks, braces and placeholders in a question are words to the engine and nothing else."""
    with LiveIndex(engine, "articles", FIELDS) as index:
        for question in (
            'password"}}, "size": 0, "x": {"y": "',
            "{{query}} password",
            "password\\",
            "pass\x00 password \ud800",
        ):
            found = index.search(question)
            assert found.hits[0].document.id == "a1"


def test_the_connection_test(engine):
    """It names the engine, counts the documents, lists the fields with their types and finds what does not fit."""
    with LiveIndex(engine, "articles", FIELDS) as index:
        found = index.test()
    assert (found.engine or "").startswith("OpenSearch ")
    assert (found.documents, found.problems) == (4, ())
    assert {field.name: field.type for field in found.fields} == {
        "body": "text",
        "meta.lang": "text",
        "tags": "text",
        "title": "text",
        "url": "keyword",
        "views": "integer",
    }
    with LiveIndex(engine, "articles", LiveFields("text", "title", "link")) as index:
        problems = index.test().problems
    assert [problem.split("'")[1] for problem in problems] == ["text", "link"]
    with LiveIndex(engine, "void", FIELDS) as index:
        assert "empty" in index.test().problems[0]


@pytest.mark.parametrize("name", ["article", "Articles", "none-*"])
def test_an_index_that_is_not_there(engine, name):
    """A wrong name, or a pattern that fits none, is a sentence, in a search as in a test."""
    with LiveIndex(engine, name, FIELDS) as index:
        for ask in (lambda: index.search("password"), index.test):
            with pytest.raises(RerankError) as caught:
                ask()
            assert isinstance(caught.value, ConfigurationError | InvalidRequestError)
            assert caught.value.hint


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{"query": {"multi_mach": {"query": "{{query}}"}}}', "multi_mach"),
        ('{"query": {"multi_match": {"quer": "{{query}}"}}}', "quer"),
        ('{"query": {"range": {"views": {"gte": "{{query}}"}}}}', ""),
    ],
)
def test_a_query_that_the_engine_refuses(engine, template, said):
    """The engine's own reason stands in the sentence, and the hint speaks of the template."""
    with (
        LiveIndex(engine, "articles", FIELDS, template=template) as index,
        pytest.raises(InvalidRequestError) as caught,
    ):
        index.search("password")
    assert said in caught.value.message
    assert "template" in caught.value.hint
    assert caught.value.status == 400


def test_a_text_field_that_no_document_has(engine):
    """When nothing that was found has the field, the error lists the fields that there are."""
    fields = LiveFields("content")
    with (
        LiveIndex(engine, "articles", fields, template=QueryTemplate.default(FIELDS)) as index,
        pytest.raises(ConfigurationError) as caught,
    ):
        index.search("password")
    assert caught.value.code == "text_field"
    assert "'content'" in caught.value.message
    assert "body" in caught.value.hint


def test_https_spoken_to_an_engine_without_it(engine):
    """A secure address of an engine that speaks plain http says so."""
    with (
        LiveIndex(engine.replace("http:", "https:"), "articles", FIELDS) as index,
        pytest.raises(RerankError) as caught,
    ):
        index.search("password")
    assert type(caught.value) is ConnectionFailedError
    assert caught.value.code == "tls"
    assert "http://" in caught.value.hint


# What is sent


def test_the_request(loopback):
    """The path, the body, the content type and no credentials where there are none."""
    loopback.script(answers(200, FOUND))
    with LiveIndex(f"{loopback.url}/engine/", " kb ", FIELDS) as index:
        index.search('Straße\n"x"', 20)
    (request,) = loopback.requests
    assert request.path == "/engine/kb/_search"
    assert request.json == {
        "query": {"multi_match": {"query": 'Straße\n"x"', "fields": ["title^2", "body"]}},
        "size": 20,
    }
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Credentials.basic("élise", "pass wörd:"), "Basic " + base64.b64encode("élise:pass wörd:".encode()).decode()),
        (Credentials.api_key(" bXlpZDpteWtleQ== "), "ApiKey bXlpZDpteWtleQ=="),
        (Credentials.api_key("myid:mykey"), "ApiKey bXlpZDpteWtleQ=="),
    ],
)
def test_credentials_go_in_one_header(loopback, credentials, header):
    """A user with a password, and a key as it is given or in its two parts."""
    loopback.script(answers(200, FOUND))
    with asking(loopback, credentials=credentials) as index:
        index.search("x")
    assert loopback.requests[0].headers["authorization"] == header


def test_a_connection_does_not_show_its_credentials():
    """No repr and no variable of a connection holds them."""
    for credentials in (Credentials.basic("user", OUR_SECRET), Credentials.api_key(OUR_SECRET)):
        with LiveIndex("http://127.0.0.1:9", "kb", FIELDS, credentials) as index:
            shown = f"{index!r} {vars(index)}"
            assert "***" in shown
            assert OUR_SECRET not in shown
            assert base64.b64encode(f"user:{OUR_SECRET}".encode()).decode() not in shown


def test_an_engine_that_repeats_the_secret(loopback):
    """A reason that holds the password is shown without it."""
    error = {"type": "security_exception", "reason": f"user [me] with password {OUR_SECRET} may not"}
    loopback.script(answers(403, {"error": {"root_cause": [error], **error}, "status": 403}))
    caught = failing(loopback, PermissionDeniedError, credentials=Credentials.basic("me", OUR_SECRET))
    assert "may not" in caught.message
    assert OUR_SECRET not in f"{caught.message} {caught.hint} {caught.args} {caught!r}"


@pytest.mark.parametrize("user", ["", " ", "a:b", "a\nb"])
def test_user_names_that_are_none(user):
    """A blank user name, and one that would end early in the header, is refused."""
    with pytest.raises(ConfigurationError):
        Credentials.basic(user, "x")


def test_keys_that_are_none():
    """A blank key and one with a line break in it are refused without being shown."""
    for key in ("", "  ", f"{OUR_SECRET}\n2"):
        with pytest.raises(ConfigurationError) as caught:
            Credentials.api_key(key)
        assert OUR_SECRET not in str(caught.value)


# What can go wrong


def test_no_credentials_and_wrong_ones(loopback):
    """A 401 tells apart a missing and a wrong password."""
    loopback.script(answers(401, {"error": "Unauthorized"}))
    assert "none were given" in failing(loopback, AuthenticationError).message
    caught = failing(loopback, AuthenticationError, credentials=Credentials.basic("me", OUR_SECRET))
    assert "does not accept" in caught.message
    assert caught.status == 401
    loopback.script(answers(401, b"Unauthorized"))
    failing(loopback, AuthenticationError)


REASON = {"type": "x_exception", "reason": "the reason of the engine"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (403, {"error": REASON}, PermissionDeniedError, "the reason of the engine"),
        (403, b"no", PermissionDeniedError, "not allow"),
        (404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}}, ConfigurationError, "'kb'"),
        (404, b"<html>Not found</html>", ConfigurationError, "404"),
        (405, b"", ConfigurationError, "405"),
        (
            400,
            {"error": {"root_cause": [REASON], "type": "outer", "reason": "all shards failed"}},
            InvalidRequestError,
            "the reason of",
        ),
        (
            400,
            {"error": {"root_cause": [], "type": "t", "reason": "outer reason"}},
            InvalidRequestError,
            "outer reason",
        ),
        (400, b"The plain HTTP request was sent to HTTPS port", ConfigurationError, "400"),
        (429, {"error": {"type": "es_rejected_execution_exception"}}, RateLimitedError, "too busy"),
        (500, {"error": REASON}, ProviderError, "the reason of the engine"),
        (502, b"<html>Bad gateway</html>", ProviderError, "502"),
        (
            503,
            {"error": {"type": "circuit_breaking_exception", "reason": "Data too large"}},
            RateLimitedError,
            "Data too large",
        ),
        (302, b"", ProviderError, "redirect"),
        (200, b"<!doctype html><title>Dashboards</title>", BadResponseError, "not as OpenSearch"),
        (200, b"", BadResponseError, "not as OpenSearch"),
        (200, b'{"took": 1', BadResponseError, "not as OpenSearch"),
        (200, b"[" * 100_000, BadResponseError, "not as OpenSearch"),
        (200, [], BadResponseError, "no hits"),
        (200, {"hello": "world"}, BadResponseError, "no hits"),
        (200, {"hits": {"hits": "many"}}, BadResponseError, "no hits"),
        (200, {"hits": {"hits": ["x"]}}, BadResponseError, "Hit 1"),
        (200, {"hits": {"hits": []}, "_shards": {"total": 0}}, ConfigurationError, "No index"),
        (200, {"error": REASON}, InvalidRequestError, "the reason of the engine"),
    ],
)
def test_every_reply_that_is_no_answer(loopback, status, body, kind, said):
    """Each status and each body that is none of a search engine's becomes one sentence with a next step."""
    loopback.script(answers(status, body, location="http://127.0.0.1:1/"))
    assert said in failing(loopback, kind).message
    assert len(loopback.requests) == 1


def test_a_dead_host():
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with LiveIndex(f"http://127.0.0.1:{port}", "kb", FIELDS) as index, pytest.raises(ConnectionFailedError) as caught:
        index.search("x")
    assert str(port) in caught.value.message
    assert "running" in caught.value.hint
    assert caught.value.retryable


def test_an_unknown_host(monkeypatch):
    """A name that no server has."""

    def look_up(*args, **named):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with LiveIndex("http://search.invalid:9200", "kb", FIELDS) as index, pytest.raises(ConnectionFailedError) as caught:
        index.search("x")
    assert caught.value.code == "unknown_host"
    assert "search.invalid" in caught.value.message
    assert "spelling" in caught.value.hint


def test_a_certificate_that_is_not_trusted():
    """The hint names the variable for one's own certificates."""

    def refuse(request):
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")

    with (
        LiveIndex("https://search.test:9200", "kb", FIELDS, transport=httpx.MockTransport(refuse)) as index,
        pytest.raises(ConnectionFailedError) as caught,
    ):
        index.search("x")
    assert caught.value.code == "tls"
    assert "SSL_CERT_FILE" in caught.value.hint
    assert not caught.value.retryable


@pytest.mark.parametrize("answer", [silent, drips(json.dumps(FOUND).encode() * 50), drips(b"{}", head_too=True)])
def test_a_slow_answer(loopback, answer):
    """The time-out is the wall clock of the whole request, however the reply drips."""
    loopback.script(answer)
    caught = failing(loopback, RequestTimeoutError, timeout=0.3)
    assert "0.3 seconds" in caught.message
    assert "time-out" in caught.hint


@pytest.mark.parametrize("answer", [hung_up, reset])
def test_a_connection_that_breaks(loopback, answer):
    """A connection that ends without a reply."""
    loopback.script(answer)
    assert failing(loopback, ConnectionFailedError).retryable


def test_a_reply_without_an_end(loopback, monkeypatch):
    """A reply beyond the bound is not read to its end."""
    monkeypatch.setattr("rerank_core.transport.exchange.LARGEST_REPLY", 10_000)
    loopback.script(answers(200, b'{"x": "' + b"x" * 100_000 + b'"}'))
    failing(loopback, BadResponseError)


def test_redirects_are_never_followed(loopback):
    """A redirect to another path of the same server is not asked for."""
    loopback.script(answers(307, b"", location=f"{loopback.url}/other"), answers(200, FOUND))
    failing(loopback, ProviderError, credentials=Credentials.basic("me", OUR_SECRET))
    assert len(loopback.requests) == 1


def test_closing_ends_what_is_under_way(loopback):
    """A search in another thread fails at once, and any later use is refused."""
    loopback.script(silent)
    index = asking(loopback, timeout=60.0)
    caught: list[BaseException] = []

    def ask():
        try:
            index.search("x")
        except RerankError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    loopback.wait_for(1)
    index.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    (error,) = caught
    assert type(error) is ConfigurationError
    assert error.code == "closed"
    with pytest.raises(ConfigurationError, match="closed"):
        index.search("x")
    index.close()
    assert "closed" in repr(index)


def test_the_connection_is_kept_open(loopback):
    """Searches one after the other share a connection."""
    loopback.script(answers(200, FOUND))
    with asking(loopback) as index:
        for _ in range(3):
            index.search("x")
    assert loopback.connections == 1


def test_a_test_with_few_rights(loopback):
    """An engine that shows these credentials its fields and nothing else still passes; http is remarked upon."""
    mapping = {"kb-000001": {"mappings": {"properties": {"body": {"type": "text"}, "title": {"type": "text"}}}}}
    denied = answers(403, {"error": {"type": "security_exception", "reason": "no"}})
    loopback.script(answers(200, mapping), denied, denied)
    with asking(loopback) as index:
        found = index.test()
    assert (found.engine, found.documents) == (None, None)
    assert len(found.problems) == 1

    def reply(request):
        return httpx.Response(200, json=mapping)

    transport = httpx.MockTransport(reply)
    fields = LiveFields("body")
    for address, said in (("http://search.test", True), ("https://search.test", False), ("http://localhost:1", False)):
        with LiveIndex(address, "kb", fields, Credentials.basic("a", "b"), transport=transport) as index:
            assert any("unencrypted" in problem for problem in index.test().problems) is said


# Replies


def test_old_and_odd_replies(loopback):
    """A bare total, `fields` instead of `_source`, no score, no id, an early end and a broken shard."""
    vector = [0.5] * 300
    rows = [
        {"_index": "kb", "_id": 5, "_score": None, "fields": {"body": ["one", "two"], "title": ["T"], "e": vector}},
        {"_source": {"body": "plain", "nested.title": "flat", "score": float("1e300")}},
    ]
    body = {"took": 7, "timed_out": True, "_shards": {"total": 3, "failed": 1}, "hits": {"total": 12_000, "hits": rows}}
    loopback.script(answers(200, body))
    with LiveIndex(loopback.url, "kb", LiveFields("body", "nested.title")) as index:
        found = index.search("x")
    first, second = found.hits
    assert (first.document.id, first.score, first.document.text) == ("5", None, "one\ntwo")
    assert "e" not in first.document.metadata
    assert (second.document.id, second.index, second.document.metadata["title"]) == (None, "", "flat")
    assert (found.total, found.total_is_exact) == (12_000, True)
    assert ["time" in note for note in found.notes] == [True, False]
    assert "missing" in found.notes[1]


def test_a_total_that_is_a_lower_bound(loopback):
    """OpenSearch and Elasticsearch stop counting at 10,000, and say so."""
    body = json.loads(json.dumps(FOUND))
    body["hits"]["total"] = {"value": 10_000, "relation": "gte"}
    loopback.script(answers(200, body))
    with asking(loopback) as index:
        found = index.search("x")
    assert (found.total, found.total_is_exact) == (10_000, False)


# Settings


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:9200",
        "ftp://x",
        "http://",
        "http://a b",
        "http://u:p@x",
        "http://x/?q=1",
        "http://x:99999",
        "http://x/#y",
        None,
    ],
)
def test_addresses_that_are_none(address):
    """What is no http address, or holds a password, is refused before anything is sent."""
    with pytest.raises(ConfigurationError) as caught:
        LiveIndex(address, "kb", FIELDS)
    assert "p@" not in str(caught.value)


@pytest.mark.parametrize(
    "index", ["", " ", "_cluster", "_all/_settings", "a/b", "a?b", "a#b", "..", "kb,_cat", "a b", "-x", "a\x00", None]
)
def test_indices_that_are_none(index):
    """A name that would reach another command of the engine is refused."""
    with pytest.raises(ConfigurationError):
        LiveIndex("http://127.0.0.1:9", index, FIELDS)


@pytest.mark.parametrize("index", ["kb", "kb-*", "a,b", "remote:kb", ".hidden", "<logs-{now/d}>".replace("/", "")])
def test_indices_that_are_some(index):
    """Names, patterns, lists and indices of another cluster are taken."""
    LiveIndex("http://127.0.0.1:9", index, FIELDS).close()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), 1e9, True, "5"])
def test_timeouts_that_are_none(timeout):
    """A time-out is a number of seconds above 0."""
    with pytest.raises(ConfigurationError):
        LiveIndex("http://127.0.0.1:9", "kb", FIELDS, timeout=timeout)


def test_questions_and_numbers_that_are_none():
    """A blank question and a wrong number of candidates are refused before anything is sent."""
    with LiveIndex("http://127.0.0.1:9", "kb", FIELDS) as index:
        with pytest.raises(InvalidQueryError):
            index.search("  ")
        for k in (0, MOST + 1):
            with pytest.raises(ValueError, match="1 to"):
                index.search("x", k)
    with pytest.raises(ConfigurationError):
        LiveFields(" ")
    assert LiveFields(" a ", "", " ") == LiveFields("a")


# Templates

anything = st.text(st.characters(), max_size=60)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=10)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(anything, st.integers(1, MOST))
def test_any_question_stays_one_string(question, size):
    """Whatever it holds, the question is one string in the body, the rest of which is the template's."""
    template = QueryTemplate('{"query": {"match": {"body": "about {{query}}!"}}, "size": 3, "sort": ["_score"]}')
    body = json.loads(json.dumps(template.fill(question, size)))
    assert body == {"query": {"match": {"body": f"about {question}!"}}, "size": size, "sort": ["_score"]}


@given(trees, anything, st.text(max_size=5))
def test_filling_changes_strings_alone(tree, question, around):
    """A template of any shape keeps its shape, its names, numbers and other strings."""
    text = json.dumps({"query": {"match": {"f": around + "{{query}}"}}, "rest": tree})
    filled = QueryTemplate(text).fill(question, 5)
    assert filled["query"]["match"]["f"].endswith(question)
    if "query" not in json.dumps(tree):
        assert filled["rest"] == tree
    assert QueryTemplate(text).fill(question, 5) == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1"),
        ('{"query": {"match_all": {}}', "line 1, column 28"),
        ('{"query": {"match": {"body": {{query}}}}}', "line 1"),
        ("[]", "not a JSON object"),
        ('"{{query}}"', "not a JSON object"),
        ('{"query": {"match_all": {}}}', "does not use the question"),
        ('{"{{query}}": 1}', "does not use the question"),
        ('{"query": {"match": {"body": "{{query}}", "boost": NaN}}}', "not JSON"),
        ('{"q": ' * 60 + '"{{query}}"' + "}" * 60, "levels"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_templates_that_are_none(text, said):
    """What is not JSON, has no question in it or is too deep is refused with its place."""
    with pytest.raises(ConfigurationError) as caught:
        QueryTemplate(text)
    assert said in caught.value.message
    assert caught.value.code == "query_template"


def test_an_unquoted_placeholder_is_explained():
    """The commonest mistake has a hint of its own."""
    with pytest.raises(ConfigurationError) as caught:
        QueryTemplate('{"query": {"match": {"body": {{query}} }}}')
    assert "quotation marks" in caught.value.hint


def test_the_default_template_is_used_where_none_is_given():
    """No template, and a blank one, search text and title."""
    for given_template in (None, "", "  \n"):
        with LiveIndex("http://127.0.0.1:9", "kb", FIELDS, template=given_template) as index:
            assert index.template == QueryTemplate.default(FIELDS)
    assert "title^2" in QueryTemplate.default(FIELDS).text
    assert QueryTemplate.default(LiveFields("body", "body")).fill("x", 1)["query"]["multi_match"]["fields"] == ["body"]


def test_ssl_is_the_real_thing():
    """The certificates that are trusted are those of the client: verification is on."""
    index = LiveIndex("https://127.0.0.1:9", "kb", FIELDS)
    context = index._engine._transport._pool._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    index.close()
