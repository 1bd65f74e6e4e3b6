"""The History page: what is listed, found, named, pinned, opened again as it was, compared, taken along and deleted."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.evaluate import run as evaluate_run
from pages.components.history.listing import PAGE_ROWS, day_name
from pages.components.server import deployment
from pages.components.session import keys, stores
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.ranking.contender import Contender
from rerank_core.storage.history.bundle import history_bytes, read_history
from rerank_core.storage.history.record import HistoryEntry, Made, Wanted
from rerank_core.storage.ownership import Actor
from tests.core.storage.history.test_history import run
from tests.support.page import click, drop, labels, open_page, press, query_of, ran, settled, words
from tests.support.rerank_service import RerankService
from tests.support.small_query_set import FakeClients, small_set

PAGE = "history.py"
HOSTED = {"connection": "gateflow"}


def history(**how: object) -> AppTest:
    """The page as somebody opens it."""
    return settled(open_page(PAGE, **how))  # type: ignore[arg-type]


def listed(page: AppTest) -> list[str]:
    """The ids of the rows that are drawn, in their sequence."""
    start = f"{keys.HISTORY_OPEN}_"
    return [each.key.removeprefix(start) for each in page.button if (each.key or "").startswith(start)]


def newest() -> HistoryEntry:
    """What was made last."""
    return stores.history().find(Wanted(), 1).entries[0]


def test_an_empty_history_says_what_comes_here() -> None:
    """Nothing was made yet: the page says what will appear, and where to begin. Examples leave nothing."""
    settled(open_page())
    page = history()
    assert "Nothing is kept yet" in words(page)
    assert listed(page) == []


def test_days_are_headings() -> None:
    """Today, yesterday, and before that the day with its name."""
    today = date(2026, 11, 30)
    assert [day_name(day, today) for day in (today, date(2026, 11, 29), date(2026, 2, 3))] == [
        "Today",
        "Yesterday",
        "Tuesday, 3 February 2026",
    ]


def test_a_press_on_each_page_is_kept_once_and_opens_as_it_was() -> None:
    """Playground, Compare and Search each leave one entry; opening it shows that very run with its texts."""
    playground = press(settled(open_page()), "Rerank")
    shown = playground.session_state["playground"].run
    compare = press(settled(open_page("compare.py")), "Compare")
    orders = [part.run for part in compare.session_state["compare"].parts]
    search = press(settled(open_page("search.py")), "Search")
    answer = search.session_state["search"].answer
    page = history()
    entries = stores.history().find(Wanted()).entries
    assert [entry.page for entry in entries] == ["search", "compare", "playground"]
    assert listed(page) == [entry.id for entry in entries]
    assert [entry.runs for entry in entries] == [
        (answer.run.id,),
        tuple(order.id for order in orders),
        (shown.id,),
    ]
    opened = settled(page.button(key=keys.of(keys.HISTORY_OPEN, entries[0].id)).click().run())
    assert opened.session_state["search"].answer == answer
    page = history()
    opened = settled(page.button(key=keys.of(keys.HISTORY_OPEN, entries[1].id)).click().run())
    assert [part.run for part in opened.session_state["compare"].parts] == orders
    assert query_of(opened)["runs"] == ",".join(entries[1].runs)
    page = history()
    opened = settled(page.button(key=keys.of(keys.HISTORY_OPEN, entries[2].id)).click().run())
    assert opened.session_state["playground"].run == shown
    assert opened.text_area(key=keys.QUERY).value == shown.query
    assert len(stores.history().find(Wanted()).entries) == 3


def test_a_search_is_found_again_by_its_address_when_its_work_is_forgotten() -> None:
    """After a restart of the server the address opens the search from the history."""
    page = press(settled(open_page("search.py")), "Search")
    address, answer = query_of(page), page.session_state["search"].answer
    stores.jobs().close()
    stores.forget()
    again = settled(open_page("search.py", query=address))
    assert again.session_state["search"].answer == answer


def test_words_and_filters_narrow_the_list() -> None:
    """A word of a document finds its run; a page leaves the others out; nothing found says what to do."""
    stores.runs().save(run("first", ("A remarkable text.",), id="one"))
    stores.runs().save(run("second", id="two"), Made("search"))
    page = history()
    assert sorted(listed(page)) == ["one", "two"]
    ran(page.text_input(key=keys.HISTORY_WORDS).set_value("remark").run())
    assert listed(page) == ["one"]
    ran(page.text_input(key=keys.HISTORY_WORDS).set_value("remark nothing").run())
    assert "Nothing fits" in words(page)
    ran(page.text_input(key=keys.HISTORY_WORDS).set_value("").run())
    ran(page.pills(key=keys.HISTORY_PAGES).set_value(["search"]).run())
    assert listed(page) == ["two"]
    assert query_of(page)["made"] == "search"
    assert listed(history(query={"made": "playground"})) == ["one"]


def test_naming_and_pinning_happen_where_the_row_stands() -> None:
    """A pinned one stands first under its own heading; a name takes the place of the query, which stays to be read."""
    stores.runs().save(run("the query", id="one"))
    stores.runs().save(run("newer", id="two", minute=5))
    page = history()
    assert listed(page) == ["two", "one"]
    ran(page.button(key=keys.of(keys.HISTORY_PIN, "one")).click().run())
    assert listed(page) == ["one", "two"]
    assert [each.value for each in page.subheader][:1] == ["Pinned"]
    ran(page.button(key=keys.of(keys.HISTORY_NAMING, "one")).click().run())
    ran(page.text_input(key=keys.of(keys.HISTORY_NAME, "one")).set_value("Spring").run())
    assert stores.history().get("one").name == "Spring"  # type: ignore[union-attr]
    assert "“the query”" in words(page)
    ran(page.button(key=keys.of(keys.HISTORY_PIN, "one")).click().run())
    assert listed(page) == ["two", "one"]


def test_older_entries_are_a_page_further() -> None:
    """A page of the list holds so many; Older and Newer go from one to the next."""
    for number in range(PAGE_ROWS + 2):
        stores.runs().save(run(id=f"r{number}", minute=number))
    page = history()
    assert len(listed(page)) == PAGE_ROWS
    click(page, "Older")
    assert listed(page) == ["r1", "r0"]
    click(page, "Newer")
    assert len(listed(page)) == PAGE_ROWS


def test_deleting_is_asked_about_and_then_final() -> None:
    """Keep it leaves it; Yes takes it away, from the choice too."""
    stores.runs().save(run(id="one"))
    page = history()
    page.session_state[keys.of(keys.HISTORY_MORE, "one")] = True
    ran(page.checkbox(key=keys.of(keys.HISTORY_CHOOSE, "one")).check().run())
    ran(page.button(key=keys.of(keys.HISTORY_DELETE, "one")).click().run())
    assert "cannot be undone" in words(page)
    click(page, "Keep it")
    assert stores.history().get("one") is not None
    ran(page.button(key=keys.of(keys.HISTORY_DELETE, "one")).click().run())
    click(page, "Yes, delete")
    assert stores.history().get("one") is None
    assert page.session_state["history"].chosen == []
    assert "Nothing is kept yet" in words(page)


def test_two_runs_are_held_against_each_other() -> None:
    """What changed stands in a table, the orders beside it; the address of the comparison opens it again."""
    stores.runs().save(run("how long", ("alpha text", "beta text"), id="one"))
    stores.runs().save(run("how far", ("alpha text", "gamma", "new"), id="two", minute=1, model="local-multilingual"))
    page = history()
    ran(page.checkbox(key=keys.of(keys.HISTORY_CHOOSE, "two")).check().run())
    assert page.button(key=keys.HISTORY_AGAINST).disabled
    ran(page.checkbox(key=keys.of(keys.HISTORY_CHOOSE, "one")).check().run())
    click(page, "Compare the two")
    for opened in (page, history(query={"these": "two,one"})):
        changed, order = opened.dataframe[0].value, opened.dataframe[1].value
        assert list(changed["What"]) == ["Model", "Documents"]
        assert list(changed["Earlier"]) == ["English (local)", "2"]
        assert list(changed["Later"]) == ["Multilingual (local)", "1 added, 1 edited, 1 the same"]
        assert list(order["Move"]) == ["the same", "the same", "new"]
        assert query_of(opened)["these"] == "two,one"
    click(page, "Back to the list")
    assert len(listed(page)) == 2


def test_two_comparisons_have_each_model_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that left or came are named; each that is in both has its two orders."""
    for thing, minute, models in (("one", 0, ("local-english", "local-keyword")), ("two", 1, ("local-english",))):
        for place, model in enumerate(models):
            stores.runs().save(run(id=f"{thing}{place}", minute=minute, model=model), Made("compare", thing, place))
    page = history(query={"these": "one,two"})
    assert list(page.dataframe[0].value["What"]) == ["Models"]
    assert [each.value for each in page.subheader if "order" in each.value] == ["The order: English"]


def test_things_of_different_kinds_are_not_compared() -> None:
    """The button waits, and says why; an address that asks for it gets a sentence."""
    stores.runs().save(run(id="one"))
    stores.runs().save(run(id="two"), Made("compare", "both"))
    page = history()
    for thing in ("one", "both"):
        ran(page.checkbox(key=keys.of(keys.HISTORY_CHOOSE, thing)).check().run())
    assert "of different kinds" in words(page)
    assert page.button(key=keys.HISTORY_AGAINST).disabled
    assert "of different kinds" in words(history(query={"these": "one,both"}))
    assert "One of the two is not here" in words(history(query={"these": "one,nothing"}))


def test_a_paid_request_is_answered_from_what_is_kept(app_of, service: RerankService) -> None:
    """The very same request again sends nothing, costs nothing and says so; Run again sends it."""
    page = press(app_of("playground.py"), "Rerank")
    first = page.session_state["playground"].run
    assert len(service.requests) == 1
    again = press(app_of("playground.py"), "Rerank")
    assert len(service.requests) == 1
    assert again.session_state["playground"].run == first
    assert "Saved answer" in words(again)
    assert "Spent this session **\\$0**" in words(again)
    press(again, "Run again")
    assert len(service.requests) == 2
    assert "Saved answer" not in words(again)
    assert again.session_state["playground"].run.id != first.id
    assert len(stores.history().find(Wanted()).entries) == 2


def test_another_question_is_sent(app_of, service: RerankService) -> None:
    """One word more is another request."""
    page = press(app_of("playground.py"), "Rerank")
    page.text_area(key=keys.QUERY).set_value("another question").run()
    press(page, "Rerank")
    assert len(service.requests) == 2
    assert "Saved answer" not in words(page)


def test_a_search_and_a_comparison_are_answered_from_what_is_kept_too(app_of, service: RerankService) -> None:
    """Both say so, and ask once more where somebody wants it."""
    press(app_of("search.py"), "Search")
    sent = len(service.requests)
    page = press(app_of("search.py"), "Search")
    assert len(service.requests) == sent
    assert "Saved answer" in words(page)
    press(page, "Run again")
    assert len(service.requests) == sent + 1
    models = {"models": "gateflow:rerank-english-v3.0,local:local-keyword"}
    page = press(app_of("compare.py", models), "Compare")
    assert len(service.requests) == sent + 2
    again = press(app_of("compare.py", models), "Compare")
    assert len(service.requests) == sent + 2
    assert "Saved answer" in words(again)
    assert (newest().page, len(newest().runs)) == ("compare", 2)
    press(again, "Run again")
    assert len(service.requests) == sent + 3


def test_everything_leaves_as_one_file_and_comes_back() -> None:
    """Runs with ratings, names, notes, tags, pins and comparisons come back in an empty history, each once."""
    stores.runs().save(run("first", id="one"), Made("search", context='{"a":1}'))
    for place, model in enumerate(("local-english", "local-keyword")):
        stores.runs().save(run(id=f"p{place}", minute=1, model=model), Made("compare", "both", place))
    store = stores.history()
    stores.runs().set_rating("one", 1, 3)
    store.rename("one", "A name"), store.note("one", "A note"), store.tag("both", ["x", "y"]), store.pin("both")
    data, before = history_bytes(store), store.find(Wanted()).entries
    runs = [stores.runs().get(name) for name in ("one", "p0", "p1")]
    for entry in before:
        store.delete(entry.id)
    taken = read_history(store, io.BytesIO(data))
    assert (taken.new, taken.known) == (2, 0)
    after = store.find(Wanted()).entries
    plain = [(one.id, one.page, one.created, one.called, one.note, one.tags, one.runs, one.ownership) for one in after]
    assert plain == [
        (one.id, one.page, one.created, one.called, one.note, one.tags, one.runs, one.ownership) for one in before
    ]
    assert [stores.runs().get(name) for name in ("one", "p0", "p1")] == runs
    assert store.context("one") == '{"a":1}'
    assert read_history(store, io.BytesIO(data)).known == 2


def test_a_file_is_taken_in_on_the_page() -> None:
    """What came of it is said; what is no such file is a sentence, and the list stays."""
    stores.runs().save(run("first", id="one"))
    data = history_bytes(stores.history())
    stores.history().delete("one")
    page = history()
    page.session_state[keys.HISTORY_FILES] = True
    ran(page.run())
    drop(page, ("a.history.gz", data))
    settled(page.button(key=keys.of(keys.HISTORY_FILE, "in")).click().run())
    assert "1 thing was taken in" in words(page)
    assert listed(page) == ["one"]


def test_each_person_has_a_history_of_their_own() -> None:
    """Each row says whose it is; what is another's has no button that changes it. Without a sign-in, where others come
    in, there is no list."""
    store, bob, eve = stores.runs(), "bob@example.com", "eve@example.com"
    store.acting_for(Actor(bob)).save(run("of mine", id="mine"))
    store.acting_for(Actor(eve)).save(run("of theirs", id="theirs"))
    store.acting_for(Actor(eve)).share("theirs")
    store.acting_for(Actor(eve)).save(run("of nobody else", id="private"))
    page = history(person=bob)
    assert sorted(listed(page)) == ["mine", "theirs"]
    assert f"shared by {eve}" in words(page)
    assert [each.key for each in page.button if (each.key or "").startswith(keys.HISTORY_PIN)] == [
        keys.of(keys.HISTORY_PIN, "mine")
    ]
    assert "One of the two is not here" in words(history(person=bob, query={"these": "mine,private"}))


def test_where_others_come_in_without_a_sign_in_there_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that nobody can guess is all that keeps a run from them."""
    stores.runs().save(run(id="one"))
    monkeypatch.setattr(deployment, "shared", lambda: True)
    page = history()
    assert listed(page) == []
    assert "nobody gets a list" in words(page)
    assert "Open" not in labels(page)


@pytest.fixture
def app_of(providers):
    """Open a page over a service that costs money, in a session of its own."""

    def opened(name: str, query: dict[str, str] | None = None) -> AppTest:
        providers(gateflow="ok")
        return settled(open_page(name, {**HOSTED, **(query or {})}))

    return opened


def evaluated(name: str) -> str:
    """An evaluation of a set of this name, in which a model turns every order round."""
    made = replace(small_set(30), name=name)
    set_id = stores.query_sets().save(made)
    one = stores.experiments().create(set_id, made, [Contender("gateflow", "rerank-v3.5")])
    run_experiment(None, stores.experiments(), one.id, made, FakeClients())
    stores.history().add_experiment(one.id)
    return one.id


def test_two_evaluations_of_two_imports_say_what_became_of_each_query() -> None:
    """The later one against the initial order of the earlier one: better and worse queries with the interval; a measure
    of each over time; deleting one takes it off the list and out of Evaluate."""
    first, second = evaluated("March"), evaluated("April")
    page = history(query={"these": f"{first},{second}"})
    assert list(page.dataframe[0].value["What"]) == ["Query set"]
    key = keys.of(keys.HISTORY_AGAINST, "then")
    ran(page.selectbox(key=key).set_value("Initial order").run())
    assert "lifts nDCG@10" in words(page)
    assert "95% interval" in words(page)
    found = page.dataframe[1].value
    assert len(found) == 30
    assert set(found["Since then"]) == {"better", "the same"}
    page = history()
    assert listed(page) == [second, first]
    page.session_state[keys.HISTORY_OVER_TIME] = True
    ran(page.run())
    assert list(page.dataframe[0].value["Order"]) == ["Initial order", "rerank-v3.5"]
    stores.history().rename(first, "Baseline")
    assert stores.experiments().get(first).name == "Baseline"
    assert [entry.id for entry in stores.history().find(Wanted(words="baseline")).entries] == [first]
    stores.history().delete(first)
    assert [one.id for one in stores.experiments().list()] == [second]


def test_evaluations_leave_and_come_back_with_their_answers() -> None:
    """Query set, ratings and answers are as they were; a second reading adds nothing."""
    one = evaluated("March")
    store, experiments, sets = stores.history(), stores.experiments(), stores.query_sets()
    set_id = experiments.get(one).query_set
    before = sets.get(set_id)
    assert before is not None
    rankings, data = experiments.rankings(one, before), history_bytes(store)
    store.delete(one)
    sets.delete(set_id)
    assert read_history(store, io.BytesIO(data)).new == 1
    after = sets.get(experiments.get(one).query_set)
    assert after == before
    assert experiments.rankings(one, before) == rankings
    assert read_history(store, io.BytesIO(data)).known == 1


def test_an_evaluation_that_starts_by_itself_is_not_listed_and_one_that_was_pressed_is(monkeypatch) -> None:
    """The sample is measured at the first visit; pressing Run makes an entry that opens that very run."""
    monkeypatch.setattr(evaluate_run, "submit", lambda *_: True)
    page = settled(open_page("evaluate.py"))
    assert len(stores.experiments().list()) == 1
    assert stores.history().find(Wanted()).entries == ()
    one = evaluated("March")
    assert newest().id == one
    opened = settled(history().button(key=keys.of(keys.HISTORY_OPEN, one)).click().run())
    assert opened.session_state["evaluate"].experiment_id == one
    assert page.session_state["evaluate"].experiment_id != one


def test_the_operator_says_how_long_what_nobody_keeps_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """`[history] days` of the secrets file reaches the store: the next run that is saved makes what is older go, but
    not what somebody pinned."""
    before = stores.runs()
    old, pinned = before.save(run("an old question")), before.save(run("a pinned one"))
    before.pin(pinned)
    monkeypatch.setattr(deployment, "secrets", lambda: {"history": {"days": 30}})
    stores.forget()
    store = stores.runs()
    fresh = store.save(replace(run("a new question"), created=datetime.now(UTC)))
    assert store.get(old) is None
    assert store.get(pinned) is not None
    assert store.get(fresh) is not None
