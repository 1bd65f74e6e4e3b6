"""An experiment takes over what the very same requests were answered before, for nothing, and from nobody who would not
show it; in SQLite as in PostgreSQL."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.client.sent import address_text, sent_name, texts_name, whole_list_name
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.plan import plan
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.experiments.saved_answers import RequestNames
from rerank_core.evaluation.measures.summary import money_sentence, summarise
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.models import Document, RerankRequest
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history.bundle import history_bytes, read_history
from rerank_core.storage.history.record import Made
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.run_record import Run
from rerank_core.storage.runs import RunStore
from tests.support.small_query_set import FakeClients, reversed_answer, small_set

ENGLISH = Contender("gateflow", "rerank-english-v3.0")
MULTILINGUAL = Contender("gateflow", "rerank-multilingual-v3.0")
HERE = {"gateflow": "https://one.example"}
ANN, BEN = Actor("ann@example.com"), Actor("ben@example.com")


class World:
    """A saved query set and whoever runs experiments on it."""

    def __init__(self, database: Database, actor: Actor = NOBODY_SIGNS_IN, queries: int = 4) -> None:
        self.database, self.actor = database, actor
        self.store = ExperimentStore(database).acting_for(actor)
        self.set = small_set(queries)
        self.set_id = QuerySetStore(database).acting_for(actor).save(self.set)

    def run(
        self,
        clients: FakeClients,
        contenders: tuple[Contender, ...] = (ENGLISH,),
        *,
        reuse: bool = True,
        addresses: dict[str, str] = HERE,
        query_set: QuerySet | None = None,
    ) -> str:
        """A new experiment, run to its end; its id."""
        asked = query_set or self.set
        set_id = self.set_id if query_set is None else QuerySetStore(self.database).acting_for(self.actor).save(asked)
        made = self.store.create(set_id, asked, contenders, reuse=reuse)
        run_experiment(None, self.store, made.id, asked, clients, RunOptions(addresses=addresses))
        return made.id

    def names(self, contenders: tuple[Contender, ...] = (ENGLISH,)) -> dict[tuple[int, int], str]:
        """What its requests are known by."""
        return RequestNames(self.set, self.set.ready, contenders, HERE).all()


@pytest.fixture
def world(database: Database) -> World:
    """Over an empty database."""
    return World(database)


def test_what_was_answered_in_another_experiment_costs_nothing(world: World) -> None:
    """The second run asks nothing and spends nothing; its orders, scores and times are those of the first, and its
    ledger lists what it took over as saved, never as asked."""
    first, clients = world.run(FakeClients()), FakeClients()
    second = world.run(clients)
    now = world.store.progress(second)
    assert clients.asked == []
    assert (now.state, now.done, now.saved, now.spent, now.maybe) == ("done", 4, 4, 0, 0)
    assert now.text == "4 of 4 done, 4 of them saved answers, $0"
    before, after = (world.store.rankings(one, world.set)[0] for one in (first, second))
    assert {query: after.run[query] for query in after.run} == {query: before.run[query] for query in before.run}
    assert dict(after.scores) == dict(before.scores)
    assert after.latency_ms == before.latency_ms
    ledger = world.store.requests(second)
    assert {(one.outcome, one.billed) for one in ledger} == {("saved", "no")}
    assert world.store.saved(second) == ledger
    asked = {one.query: one.finished for one in world.store.requests(first)}
    assert {one.query: one.first for one in ledger} == asked
    assert world.store.usual_seconds(ENGLISH) == pytest.approx(0.005)


def test_only_what_is_not_there_is_asked(world: World) -> None:
    """Of two models one was asked before; the other one is asked now, and both costs are told apart."""
    world.run(FakeClients())
    clients = FakeClients()
    both = world.run(clients, (ENGLISH, MULTILINGUAL))
    assert {model for _, model in clients.asked} == {MULTILINGUAL.model}
    assert world.store.progress(both).spent == Decimal("0.004")
    english, multilingual = world.store.rankings(both, world.set)
    assert (english.cost, english.saved, english.saved_cost) == (0, 4, Decimal("0.004"))
    assert (multilingual.cost, multilingual.saved, multilingual.saved_cost) == (Decimal("0.004"), 0, 0)
    assert english.cost_per_search == multilingual.cost_per_search == Decimal("0.001")
    found = {row.label: row for row in summarise(world.set, (english, multilingual)).rows}
    said = money_sentence(found["English"], 1000)
    assert said == "$0 this run (4 saved answers), about $30 a month at 1,000 searches a day"


def test_asking_all_again_asks_all_again(world: World) -> None:
    """Without the choice nothing is taken over; the new answers are what is saved last."""
    world.run(FakeClients())
    clients = FakeClients(lambda request, model: reversed_answer(request, model, Decimal("0.002")))
    world.run(clients, reuse=False)
    assert len(clients.asked) == 4
    third = world.run(FakeClients())
    assert world.store.rankings(third, world.set)[0].saved_cost == Decimal("0.008")


def test_a_saved_answer_is_saved_still_where_its_experiment_is_gone(world: World) -> None:
    """What was taken over can be taken over in its turn, with the time of when it was asked."""
    first = world.run(FakeClients())
    asked = {one.query: one.finished for one in world.store.requests(first)}
    world.run(FakeClients())
    world.store.delete(first)
    clients = FakeClients()
    third = world.run(clients)
    assert clients.asked == []
    assert {one.query: one.first for one in world.store.saved(third)} == asked


@pytest.mark.parametrize("what", ["query", "text", "order", "fields", "model", "address"])
def test_anything_that_is_sent_otherwise_is_asked(world: World, what: str) -> None:
    """Another query, document, sequence of documents, ranked field, model or address is another request."""
    world.run(FakeClients())
    first, clients = world.set.queries[0], FakeClients()
    changed = {
        "query": lambda: replace(first, text=f"{first.text}?"),
        "order": lambda: replace(first, candidates=tuple(reversed(first.candidates))),
    }
    queries = (changed[what](),) if what in changed else (first,)
    asked = replace(world.set, queries=queries, judgments={})
    if what == "text":
        name = first.candidates[0]
        asked = replace(asked, documents={**asked.documents, name: Document("another text", name)})
    if what == "fields":
        asked = replace(asked, rank_fields=("text",))
    contender = MULTILINGUAL if what == "model" else ENGLISH
    addresses = {"gateflow": "https://two.example"} if what == "address" else HERE
    world.run(clients, (contender,), addresses=addresses, query_set=asked)
    assert len(clients.asked) == 1


def test_ids_and_titles_that_no_model_reads_make_no_other_request(world: World) -> None:
    """The same texts under other ids, in another import, are the very same request."""
    world.run(FakeClients())
    renamed = {f"new-{name}": replace(document, id=f"new-{name}") for name, document in world.set.documents.items()}
    queries = tuple(
        replace(query, candidates=tuple(f"new-{name}" for name in query.candidates)) for query in world.set.queries
    )
    clients = FakeClients()
    again = replace(world.set, queries=queries, documents=renamed, judgments={})
    made = world.run(clients, query_set=again)
    assert clients.asked == []
    ranking = world.store.rankings(made, again)[0]
    assert ranking.run["q0"] == tuple(reversed(queries[0].candidates))


def kept_run(world: World, top_n: int | None = None) -> Run:
    """The first query as the Playground asked it, kept."""
    query = world.set.queries[0]
    documents = [Document(world.set.documents[name].text) for name in query.candidates]
    asked = RerankRequest(query.text, documents, ENGLISH.model, top_n, rank_fields=("text",))
    run = Run(reversed_answer(asked, ENGLISH.model))
    sent = whole_list_name("gateflow", HERE["gateflow"], asked)
    RunStore(world.database).acting_for(world.actor).save(run, Made(asked="paid", sent=sent))
    return run


def test_what_a_kept_run_was_answered_is_taken_over(world: World) -> None:
    """A run of the Playground saves the one query that it is of; a list that was cut off saves nothing."""
    run = kept_run(world)
    kept_run(world, top_n=2)
    asked, clients = replace(world.set, rank_fields=("text",)), FakeClients()
    made = world.run(clients, query_set=asked)
    assert len(clients.asked) == 3
    (saved,) = world.store.saved(made)
    assert (saved.amount, saved.first) == (Decimal("0.001"), run.created.timestamp())
    assert world.store.rankings(made, asked)[0].run["q0"] == tuple(reversed(asked.queries[0].candidates))


def test_nobody_gets_the_answers_that_they_may_not_see(database: Database) -> None:
    """Another's private experiment and run save nothing to others; a shared one does, until that is taken back."""
    ann, ben = World(database, ANN), World(database, BEN)
    theirs = ann.run(FakeClients())
    kept_run(ann)
    text_only = RequestNames(replace(ben.set, rank_fields=("text",)), ben.set.ready, (ENGLISH,), HERE).all()
    names = {*ben.names().values(), *text_only.values()}
    assert ben.store.which_saved(names) == set()
    clients = FakeClients()
    mine = ben.run(clients)
    assert len(clients.asked) == 4
    ben.store.delete(mine)
    ann.store.share(theirs)
    assert ben.store.which_saved(names) == set(ben.names().values())
    clients = FakeClients()
    mine = ben.run(clients)
    assert clients.asked == []
    ben.store.delete(mine)
    ann.store.share(theirs, False)
    assert ben.store.which_saved(names) == set()
    assert ann.store.which_saved(names) == {*ann.names().values(), text_only[0, 0]}


def test_only_whoever_runs_an_experiment_takes_over(world: World) -> None:
    """Answers are put into no experiment that is another's, or that nobody holds."""
    world.run(FakeClients())
    made = world.store.create(world.set_id, world.set, (ENGLISH,))
    QuerySetStore(world.database).share(world.set_id)
    with world.store.hold(made.id), pytest.raises(ExperimentError):
        ExperimentStore(world.database).acting_for(BEN).take_saved(made.id, world.names())
    assert world.store.take_saved(made.id, world.names()) == 4
    assert world.store.take_saved(made.id, world.names()) == 0


def test_a_plan_leaves_out_what_is_saved(world: World) -> None:
    """Requests, cost and time are of what is still to be asked."""
    whole = plan(world.set, (ENGLISH, MULTILINGUAL))
    rest = plan(world.set, (ENGLISH, MULTILINGUAL), answered={(0, 0), (0, 1), (0, 2), (0, 3), (1, 3)})
    assert (whole.requests, rest.requests) == (8, 3)
    assert [one.requests for one in rest.contenders] == [0, 3]
    assert rest.contenders[0].amount == rest.contenders[0].most == 0
    assert rest.amount < whole.amount


def test_saved_answers_travel_with_a_history(world: World) -> None:
    """What was taken over is marked as such where a history as a file comes in, and saves there again."""
    world.run(FakeClients())
    second = world.run(FakeClients())
    history = HistoryStore(world.database)
    history.add_experiment(second)
    kept_run(world)
    packed = history_bytes(history)
    history.delete(second)
    for one in world.store.list():
        world.store.delete(one.id)
    read_history(history, io.BytesIO(packed))
    assert world.store.progress(second).saved == 4
    assert world.store.which_saved(world.names().values()) == set(world.names().values())


texts = st.lists(st.text(max_size=5), max_size=4)


@given(texts, texts, st.text(max_size=5), st.text(max_size=5))
def test_no_two_requests_share_a_name(first: list[str], second: list[str], query: str, other: str) -> None:
    """Names are equal where what is sent is, and nowhere else, whatever stands in the texts."""
    names = [texts_name([Document(text) for text in each], ("text",)) for each in (first, second)]
    assert (names[0] == names[1]) == (first == second)
    sent = [sent_name("p", "a", None, asked, names[0]) for asked in (query, other)]
    assert (sent[0] == sent[1]) == (query == other)


def test_an_address_is_known_by_its_settings_too() -> None:
    """Two ways to speak to one address are two."""
    assert address_text(None, {}) == ""
    assert address_text("https://a", {}) == "https://a"
    assert address_text("https://a", {"path": "/b", "x": "y"}) == address_text("https://a", {"x": "y", "path": "/b"})
    assert address_text("https://a", {"path": "/b"}) != address_text("https://a", {"path": "/c"})
