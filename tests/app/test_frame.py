"""What stands around every page: the sidebar's spend and limit, failures nobody foresaw, the start and the end."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

import rerank_core as rc
from pages.components.display import errors
from pages.components.jobs import paid_call
from pages.components.jobs.payment import Payment
from pages.components.server import nagle, open_browser
from pages.components.session import stores
from pages.components.session.connection import Connection
from rerank_core.errors import SpendingLimitError
from rerank_core.jobs import JobManager
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.table import PriceTable
from rerank_core.transport.credentials import ApiKey
from tests.support.gate import PATIENCE
from tests.support.loopback import Loopback, answers, hung_up
from tests.support.page import chooser, open_page, ran, settled
from tests.support.rerank_service import GOOD_KEY


@pytest.fixture
def at():
    """The frame around the Connections page, as a first visitor sees it."""
    return open_page("connections.py")


def sidebar(at: AppTest) -> str:
    """The text of the sidebar."""
    return "\n".join(str(element.value) for kind in ("markdown", "caption") for element in at.sidebar.get(kind))


def test_the_sidebar_says_what_was_spent(at):
    """The spend starts at nothing and follows the session's budget, with what is uncertain or unknown in words."""
    assert r"Spent this session **\$0**" in sidebar(at)
    assert "0 calls" in sidebar(at)
    budget: Budget = at.session_state["budget"]
    budget.settle(budget.reserve(Decimal("0.003")), Decimal("0.0025"))
    budget.settle(budget.reserve(Decimal("0.001")), None)
    budget.settle(budget.reserve(None), None)
    at.run()
    assert r"Spent this session **\$0.0025**" in sidebar(at)
    assert r"3 calls, \$0.001 may have been billed as well, 1 of unknown cost" in sidebar(at)


def test_the_spending_limit_is_set_and_lifted(at):
    """The number in the sidebar is the session's limit; emptied, there is none."""
    at.sidebar.number_input(key="spending_limit").set_value(0.1).run()
    assert at.session_state["budget"].now().limit == Decimal("0.1")
    assert r"of a limit of \$0.10" in sidebar(at)
    at.switch_page("playground.py").run()
    assert at.sidebar.number_input(key="spending_limit").value == 0.1
    at.sidebar.number_input(key="spending_limit").set_value(None).run()
    assert at.session_state["budget"].now().limit is None


def show_unexpected() -> None:
    """A page that fails as nobody foresaw."""
    from pages.components.display import errors

    errors.show_unexpected(ValueError("gw_prod_secret and ![x](http://evil.test)"))


def test_an_unforeseen_failure_says_nothing_of_itself():
    """A failure that nobody wrote a sentence for shows ours, and not a word of its own."""
    at = AppTest.from_function(show_unexpected, default_timeout=PATIENCE).run()
    assert "Something went wrong on this page" in at.error[0].value
    assert "secret" not in repr(at.main)
    assert "evil" not in repr(at.main)


def show_refused() -> None:
    """A page that shows an error whose words are a provider's."""
    import rerank_core as rc
    from pages.components.display import errors

    errors.show_unexpected(
        rc.PermissionDeniedError(
            "No: ![x](http://evil.test)", hint="Ask $x$.", status=403, code=":red[x]", request_id="r1"
        )
    )


def test_a_providers_words_are_drawn_as_plain_text():
    """Message, hint, code and request id are text elements; only our own heading is in the red box."""
    at = AppTest.from_function(show_refused, default_timeout=PATIENCE).run()
    assert [error.value for error in at.error] == ["The key may not do this"]
    *said, facts = [text.value for text in at.text]
    assert said == ["No: ![x](http://evil.test)", "Ask $x$."]
    assert re.fullmatch(r"HTTP status 403, code :red\[x\], request r1, reference [0-9a-f]{8}", facts)
    assert not at.markdown


def every_error() -> list[type[rc.RerankError]]:
    """All kinds of error there are."""
    found, todo = [], [rc.RerankError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_heading(kind):
    """Each kind of error has a few plain words of ours above it."""
    words = errors.heading(kind("Something."))
    assert words
    assert not set(words) & set("*_$[]`:")


def connection_to(base_url: str, **changes: object) -> Connection:
    """A connection to the service on loopback."""
    settings = {
        "provider": rc.provider("gateflow"),
        "key_source": "typed",
        "base_url": base_url,
        "timeout": 10.0,
        "max_retries": 2,
        "prices": PriceTable.default(),
        "key": ApiKey(GOOD_KEY),
    }
    return Connection(**settings | changes)


REQUEST = rc.RerankRequest("which one?", ["one", "two"])


def test_a_connection_shows_no_key():
    """A connection may be printed or logged: its key is not in it."""
    assert GOOD_KEY not in repr(connection_to("http://127.0.0.1:9"))


def test_a_call_books_what_it_cost(service):
    """The most that a call may cost is set aside, and what the service reports takes its place."""
    budget = Budget(Decimal("0.003"))
    response = paid_call.rerank(connection_to(f"{service.url}/ok"), Payment(budget, Decimal(0)), REQUEST)
    assert [row.index for row in response.results] == [1, 0]
    now = budget.now()
    assert (now.spent, now.reserved) == (Decimal("0.001"), 0)


def test_a_call_that_could_pass_the_limit_is_not_made(service):
    """Retries count: with two of them a call for 0.001 needs 0.003, and one that has less is not sent."""
    budget = Budget(Decimal("0.0029"))
    with pytest.raises(SpendingLimitError):
        paid_call.rerank(connection_to(f"{service.url}/ok"), Payment(budget, Decimal(0)), REQUEST)
    assert not service.requests
    assert budget.now().calls == 0


@pytest.mark.parametrize(("mood", "uncertain"), [("forbidden", "0"), ("not-found", "0"), ("html", "0.001")])
def test_a_failed_call_gives_back_what_was_surely_not_billed(service, mood, uncertain):
    """After a refusal nothing is held back; after an answer that makes no sense the money may be gone."""
    budget = Budget(Decimal("1"))
    with pytest.raises(rc.RerankError):
        paid_call.rerank(connection_to(f"{service.url}/{mood}", max_retries=0), Payment(budget, Decimal(0)), REQUEST)
    now = budget.now()
    assert (now.spent, now.reserved) == (0, 0)
    assert budget.now().uncertain == Decimal(uncertain)


def test_an_unpriced_answer_is_priced_by_the_sessions_table(service):
    """Where the service reports units alone, the session's own price makes the cost."""
    table = PriceTable.default().with_price("gateflow", "rerank-english-v3.0", "4.00")
    response = paid_call.rerank(
        connection_to(f"{service.url}/units-only", prices=table), Payment(Budget(), Decimal(0)), REQUEST
    )
    assert (response.cost.amount, response.cost.basis) == (Decimal("0.004"), "computed")


def test_a_reserved_call_can_be_broken_off(service):
    """Money set aside beforehand is used, and the client is handed out so that another thread can close it."""
    budget = Budget(Decimal("1"))
    payment = Payment(budget, Decimal("0.5"))
    closers: list[threading.Thread] = []

    def close_once_it_waits(client: rc.Client) -> None:
        def close() -> None:
            service.gate.wait_until_held()
            client.close()

        closers.append(threading.Thread(target=close))
        closers[-1].start()

    with pytest.raises(rc.RerankError):
        paid_call.rerank(connection_to(f"{service.url}/held"), payment, REQUEST, on_client=close_once_it_waits)
    (closer,) = closers
    closer.join()
    assert budget.now().reserved == 0


def test_the_server_closes_the_job_manager_when_it_ends(monkeypatch):
    """What runs in the background is cancelled when the server stops, since nothing else would end it."""
    import app

    manager = JobManager()
    monkeypatch.setattr(stores, "jobs", lambda: manager)
    monkeypatch.setattr(app.warm_up, "warm", lambda: None)
    option = app.st.get_option
    monkeypatch.setattr(app.st, "get_option", lambda name: True if name == "server.headless" else option(name))
    began = threading.Event()

    def work(context: object) -> None:
        began.set()
        while True:
            context.check()

    async def live() -> None:
        async with app.lifespan(None):
            running.append(manager.submit(work))
            await asyncio.to_thread(began.wait, PATIENCE)

    running: list[object] = []
    asyncio.run(live())
    assert running[0].state == "cancelled"
    with pytest.raises(rc.RerankError):
        manager.submit(work)


def test_connections_of_a_listening_socket_wait_for_no_acknowledgement():
    """Each small packet leaves at once, also on a socket that was made without saying that it is TCP."""
    with socket.socket(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        nagle.answer_at_once()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_browser_is_opened_once_the_server_listens(monkeypatch):
    """`streamlit run` opens no browser for this kind of app, so the start does, at the page's own address."""
    opened: list[str] = []
    monkeypatch.setattr(open_browser.webbrowser, "open", opened.append)
    monkeypatch.setattr(open_browser.st, "get_option", lambda _name: "/rerank/")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        open_browser.open_browser("127.0.0.1", port)
    assert opened == [f"http://localhost:{port}/rerank"]


def test_no_browser_is_opened_where_nothing_listens(monkeypatch):
    """Started another way, on another port, the app opens nothing."""
    opened: list[str] = []
    monkeypatch.setattr(open_browser.webbrowser, "open", opened.append)
    monkeypatch.setattr(open_browser.time, "sleep", lambda _seconds: None)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        open_browser.open_browser("127.0.0.1", unused.getsockname()[1])
    assert opened == []


def test_a_refusal_after_a_lost_answer_gives_no_money_back():
    """The first attempt may have been billed, so what was set aside stays so, whatever the second one is told."""
    budget = Budget(Decimal("1"))
    with Loopback().script(hung_up, answers(429, retry_after="1000")) as server, pytest.raises(rc.RateLimitedError):
        paid_call.rerank(connection_to(server.url, max_retries=1), Payment(budget, Decimal(0)), REQUEST)
    now = budget.now()
    assert (now.spent, now.reserved, budget.now().uncertain) == (0, 0, Decimal("0.002"))


def test_an_answer_after_a_lost_one_keeps_the_lost_one_set_aside():
    """What is known to be spent is booked, and as much again may be."""
    budget = Budget(Decimal("1"))
    body = {"results": [{"index": 0, "relevance_score": 0.5}, {"index": 1, "relevance_score": 0.4}]}
    body["gateflow"] = {"cost": {"total": 0.0007}}
    with Loopback().script(hung_up, answers(200, body)) as server:
        paid_call.rerank(connection_to(server.url, max_retries=1), Payment(budget, Decimal(0)), REQUEST)
    assert (budget.now().spent, budget.now().uncertain) == (Decimal("0.0007"), Decimal("0.0007"))


@pytest.mark.parametrize(("page", "name"), [("playground", "run"), ("duplicates", "job"), ("search", "filling")])
@pytest.mark.slow
def test_a_link_to_the_work_of_another_page_is_not_taken_for_ones_own(page: str, name: str) -> None:
    """An id from one page's address, put into another's, gives the usual first visit and no failure."""
    job = stores.jobs().submit(object, owner="an-id-of-elsewhere", title="something else")
    assert job.wait(PATIENCE)
    at = open_page(f"{page}.py", {name: "an-id-of-elsewhere"})
    assert not any("went wrong" in box.value for box in at.error)


def test_a_spending_limit_has_a_most() -> None:
    """A limit of hundreds of digits is nobody's wish, and would not fit the sidebar."""
    at = open_page(query={"example": "own"})
    limit = at.number_input(key="spending_limit")
    assert (limit.min, limit.max) == (0, 1_000_000)


@pytest.mark.parametrize(("there", "here"), [("compare.py", "playground.py"), ("playground.py", "compare.py")])
def test_what_was_chosen_on_one_page_is_there_when_another_is_drawn(there: str, here: str) -> None:
    """An example that is picked on Compare is what the Playground reranks when it is opened again, and the other way
    round."""
    page = settled(open_page(here))
    settled(ran(page.switch_page(there).run()))
    chooser(page, "Example").set_value("support").run()
    settled(page)
    settled(ran(page.switch_page(here).run()))
    query = next(area.value for area in page.text_area if area.label == "Query")
    asked = (
        page.session_state["playground"].run if here == "playground.py" else page.session_state["compare"].parts[0].run
    )
    assert (asked.query, asked.documents) == (query, page.session_state["texts"].working.documents)
    assert page.session_state["texts"].example == chooser(page, "Example").value == "support"
    assert next(box.value for box in page.number_input if box.label == "Top N") == 3
