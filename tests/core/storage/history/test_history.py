"""What was made is listed, found by its words, named, pinned, shared and deleted, in SQLite as in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.history.record import Made, Wanted, cleaned_tags, request_key, same_kind
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.ownership import Actor
from rerank_core.storage.run_record import Run
from rerank_core.storage.runs import RunStore
from rerank_core.storage.sqlite_file import StoreError

START = datetime(2025, 11, 30, 12, tzinfo=UTC)
ANN, BEN = Actor("ann@example.com"), Actor("ben@example.com")


def run(
    query: str = "how long does delivery take",
    texts: Sequence[str] = ("Two days.", "Returns are free."),
    *,
    id: str = "",
    minute: int = 0,
    model: str = "local-english",
    amount: str = "0",
) -> Run:
    """A run made so many minutes after the start."""
    documents = [Document(text, f"d{place}", {"title": f"Title {place}"}) for place, text in enumerate(texts)]
    request = RerankRequest(query, documents, model, rank_fields=("title", "text"))
    rows = tuple(RankedDocument(rank, rank - 1, None, documents[rank - 1]) for rank in range(1, len(documents) + 1))
    provider = "local" if model.startswith("local") else "gateflow"
    response = RerankResponse(rows, model, provider, request, cost=Cost(Decimal(amount), basis="reported"))
    made = Run(response, created=START + timedelta(minutes=minute))
    return Run(response, id=id or made.id, created=made.created)


@pytest.fixture
def runs(database: Database) -> RunStore:
    """The runs of a database."""
    return RunStore(database)


@pytest.fixture
def history(database: Database) -> HistoryStore:
    """Its history."""
    return HistoryStore(database)


def ids(history: HistoryStore, **wanted: object) -> list[str]:
    """The ids of what is found."""
    return [entry.id for entry in history.find(Wanted(**wanted)).entries]  # type: ignore[arg-type]


def test_a_saved_run_is_listed_with_what_it_is(runs: RunStore, history: HistoryStore) -> None:
    """Query, model, size, money and page stand in the list; the newest comes first."""
    runs.save(run(id="one"))
    runs.save(
        run("second", id="two", minute=1, model="rerank-v3.5", amount="0.002"), Made("search", context='{"a": 1}')
    )
    second, first = history.find(Wanted()).entries
    assert (first.id, first.page, first.title, first.size) == ("one", "playground", "how long does delivery take", 2)
    assert first.models == (Contender("local", "local-english"),)
    assert (second.id, second.page, second.amount, second.runs) == ("two", "search", Decimal("0.002"), ("two",))
    assert history.context("two") == '{"a": 1}'
    assert same_kind(first, second)


def test_a_comparison_is_one_entry_of_several_runs(runs: RunStore, history: HistoryStore) -> None:
    """Its models stand in the sequence in which they were chosen, whichever answered first; the money adds up."""
    runs.save(run(id="b", model="rerank-v3.5", amount="0.002"), Made("compare", "both", 1))
    runs.save(run(id="a", model="rerank-english-v3.0", amount="0.001"), Made("compare", "both", 0))
    (entry,) = history.find(Wanted()).entries
    assert entry.runs == ("a", "b")
    assert [one.model for one in entry.models] == ["rerank-english-v3.0", "rerank-v3.5"]
    assert entry.amount == Decimal("0.003")


def test_a_kept_part_is_in_both_comparisons(runs: RunStore, history: HistoryStore) -> None:
    """A model that was added is a new comparison with the answers that were there; deleting one leaves the other."""
    runs.save(run(id="a"), Made("compare", "first", 0))
    runs.save(run(id="b", minute=1, model="local-multilingual"), Made("compare", "second", 1, ((0, "a"),)))
    assert {entry.id: entry.runs for entry in history.find(Wanted()).entries} == {"second": ("a", "b"), "first": ("a",)}
    assert history.delete("second")
    assert ids(history) == ["first"]
    assert runs.get("a") is not None
    assert runs.get("b") is None


@pytest.mark.parametrize(
    "words",
    ["delivery", "DELIVERY take", "deliv", "returns", "title", "spring", "ten", "why", "english", "wi-fi", "größe"],
)
def test_every_kind_of_word_is_found(runs: RunStore, history: HistoryStore, words: str) -> None:
    """Of the query, the documents, their titles, the name, the tags, the note and the model, unfinished too."""
    runs.save(run(texts=("Two days.", "Returns are free over Wi-Fi in jeder Größe.")), Made())
    runs.save(run("other", ("Nothing else.",), model="rerank-v3.5"))
    thing = ids(history, words="delivery")[0]
    history.rename(thing, "Spring campaign")
    history.tag(thing, ["ten"])
    history.note(thing, "Why we looked")
    assert thing in ids(history, words=words)
    assert history.find(Wanted(words="nowhere")).entries == ()
    assert history.find(Wanted(words=f"{words} nowhere ")).entries == ()


def test_words_follow_what_something_is_called(runs: RunStore, history: HistoryStore) -> None:
    """An old name finds nothing any more."""
    runs.save(run(id="one"))
    history.rename("one", "before")
    history.rename("one", "  after ")
    assert history.find(Wanted(words="before ")).entries == ()
    (entry,) = history.find(Wanted(words="after")).entries
    assert (entry.name, entry.called) == ("after", "after")
    history.rename("one", " ")
    assert history.get("one").called == "how long does delivery take"  # type: ignore[union-attr]


def test_filters_hold_together(runs: RunStore, history: HistoryStore) -> None:
    """Page, model, tag and pin, each of several."""
    runs.save(run(id="one"))
    runs.save(run(id="two", minute=1, model="rerank-v3.5"), Made("search"))
    history.tag("two", ["launch", "A", "launch"])
    history.pin("one")
    assert ids(history, pages=("search",)) == ["two"]
    assert ids(history, pages=("search", "playground")) == ["two", "one"]
    assert ids(history, models=("local:local-english",)) == ["one"]
    assert ids(history, tags=("launch",), pages=("playground",)) == []
    assert ids(history, pinned=True) == ["one"]
    assert ids(history, pinned=False) == ["two"]
    choices = history.choices()
    assert choices.tags == ("A", "launch")
    assert choices.models == ("gateflow:rerank-v3.5", "local:local-english")


def test_pages_of_the_list_leave_nothing_out(runs: RunStore, history: HistoryStore) -> None:
    """From cursor to cursor every entry comes once, also where several were made at one moment."""
    for number in range(11):
        runs.save(run(id=f"r{number}", minute=number // 4))
    seen, wanted = [], Wanted()
    while True:
        found = history.find(wanted, 3)
        seen += [entry.id for entry in found.entries]
        if not found.more:
            break
        wanted = Wanted(before=found.entries[-1].cursor)
    assert seen == [f"r{number}" for number in reversed(range(11))]


def test_others_find_what_is_shared_and_change_nothing(database: Database) -> None:
    """A person's things are theirs; sharing lets others open them, and an operator sees no private list either."""
    mine, theirs = RunStore(database).acting_for(ANN), HistoryStore(database).acting_for(BEN)
    mine.save(run(id="one"))
    own = HistoryStore(database).acting_for(ANN)
    assert (ids(theirs), theirs.get("one"), theirs.context("one")) == ([], None, "")
    with pytest.raises(StoreError) as caught:
        theirs.rename("one", "mine now")
    assert caught.value.code == "not_shared"
    own.share("one")
    assert ids(theirs) == ["one"]
    assert theirs.choices().owners == ("ann@example.com",)
    for act in (lambda: theirs.pin("one"), lambda: theirs.delete("one"), lambda: theirs.tag("one", ["x"])):
        with pytest.raises(StoreError) as caught:
            act()
        assert caught.value.code == "not_yours"
    assert ids(HistoryStore(database).acting_for(Actor("op@example.com", operator=True))) == ["one"]
    own.share("one", False)
    assert ids(theirs) == []


def test_what_was_kept_before_there_was_a_history_is_listed(database: Database, runs: RunStore) -> None:
    """Runs without an entry get one, once, and are found by the words of their documents."""
    from sqlalchemy import text

    runs.save(run(id="old", texts=("A remarkable sentence.",)))
    with database.write() as connection:
        for table in ("history", "piece_words"):
            connection.execute(text(f"DELETE FROM {table}"))
    assert ids(HistoryStore(database), words="remarkable") == ["old"]
    assert ids(HistoryStore(database)) == ["old"]


def test_the_same_request_is_answered_once(runs: RunStore, database: Database) -> None:
    """The last answer to a request is found by what was asked; another's is not, unless it is shared."""
    one = run(id="one", model="rerank-v3.5", amount="0.002")
    key = request_key("gateflow", "https://service.example", one.request)
    runs.acting_for(ANN).save(one, Made(asked=key))
    runs.acting_for(ANN).save(run(id="free"), Made())
    assert runs.acting_for(ANN).answered(key) == START
    assert runs.acting_for(ANN).answer(key) == one
    assert runs.acting_for(BEN).answered(key) is None
    assert runs.acting_for(BEN).answer(key) is None
    assert runs.answered("") is None
    runs.acting_for(ANN).share("one")
    assert runs.acting_for(BEN).answer(key) == one
    assert len(HistoryStore(database).find(Wanted()).entries) == 2


def test_every_part_of_a_request_counts() -> None:
    """Another query, document, sequence, id, field, model, setting, service or address is another request."""
    asked = RerankRequest("q", [Document("a", "1"), Document("b")], "m", rank_fields=("text",))
    others = [
        RerankRequest("q ", asked.documents, "m"),
        RerankRequest("q", [Document("a", "1"), Document("c")], "m"),
        RerankRequest("q", [Document("b"), Document("a", "1")], "m"),
        RerankRequest("q", [Document("a", "2"), Document("b")], "m"),
        RerankRequest("q", [Document("a", "1", {"title": "t"}), Document("b")], "m"),
        RerankRequest("q", asked.documents, "n"),
        RerankRequest("q", asked.documents, "m", 1),
        RerankRequest("q", asked.documents, "m", return_documents=True),
        RerankRequest("q", asked.documents, "m", rank_fields=("title", "text")),
    ]
    keys = [request_key("s", "a", one) for one in [asked, *others]]
    keys += [request_key("t", "a", asked), request_key("s", "b", asked)]
    assert len(set(keys)) == len(keys)
    assert request_key("s", "a", RerankRequest("q", [Document("a", "1"), Document("b")], "m")) == keys[0]


def test_what_is_old_goes_and_what_somebody_keeps_stays(database: Database) -> None:
    """Past the operator's age a run makes room, unless it is pinned, shared, rated, named, noted or tagged."""
    history = HistoryStore(database)
    every = RunStore(database)
    for name in ("plain", "pinned", "shared", "rated", "named", "noted", "tagged"):
        every.save(run(id=name, texts=(f"The text of {name}.",)))
    history.pin("pinned"), history.share("shared"), every.set_rating("rated", 0, 3)
    history.rename("named", "n"), history.note("noted", "n"), history.tag("tagged", ["t"])
    RunStore(database, max_days=10).save(Run(run().response, id="new"))
    assert set(ids(history)) == {"new", "pinned", "shared", "rated", "named", "noted", "tagged"}
    assert history.find(Wanted(words="plain")).entries == ()


def test_what_is_named_makes_no_room(database: Database) -> None:
    """Beyond the number of runs the oldest that nobody keeps goes."""
    few, history = RunStore(database, max_runs=2), HistoryStore(database)
    few.save(run(id="named"))
    history.rename("named", "n")
    for number in range(3):
        few.save(run(id=f"r{number}", minute=number))
    assert ids(history) == ["r2", "r1", "named"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=80), max_size=30))
def test_tags_are_cleaned(typed: list[str]) -> None:
    """Each stands once, sorted, without blanks around it; cleaning twice changes nothing."""
    found = cleaned_tags(typed)
    assert list(found) == sorted(set(found))
    assert all(tag == tag.strip() and 0 < len(tag) <= 60 for tag in found)
    assert cleaned_tags(found) == found


def test_strange_words_find_nothing_and_break_nothing(runs: RunStore, history: HistoryStore) -> None:
    """Marks of LIKE and of SQL, lone surrogates and NULs are no pattern and no error."""
    runs.save(run(id="one"))
    for typed in ("%", "_", "'; --", "\ud800", "\0", '"', "*", "a" * 10_000, " ".join(map(str, range(500)))):
        assert ids(history, words=typed) == []
    assert ids(history, words="   ") == ["one"]
