"""Whose a stored thing is: who finds it in a list, who opens it and who changes it, asked of the stores themselves and
not of a page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.corpora import CorpusStore
from rerank_core.corpora.database import PassageDatabase
from rerank_core.errors import RerankError
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.blind_test import Vote
from rerank_core.ranking.contender import Contender
from rerank_core.storage.connection.address import resolved
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.missing_articles import MissingArticle, MissingArticleStore
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor, Ownership
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.votes import VoteStore
from tests.core.storage.test_runs import make_run
from tests.support import ROOT
from tests.support.small_query_set import small_set

ANN, BEN, OPERATOR = Actor("ann@example.org"), Actor("ben@example.org"), Actor("op@example.org", operator=True)
CONTENDER = (Contender("local", "local-keyword"),)


@dataclass
class Stores:
    """All stores over one home, as somebody uses them."""

    runs: RunStore
    sets: QuerySetStore
    experiments: ExperimentStore
    votes: VoteStore
    articles: MissingArticleStore
    corpora: CorpusStore

    def of(self, actor: Actor) -> Stores:
        return Stores(
            self.runs.acting_for(actor),
            self.sets.acting_for(actor),
            self.experiments.acting_for(actor),
            self.votes.acting_for(actor),
            self.articles.acting_for(actor),
            self.corpora.acting_for(actor),
        )

    def close(self) -> None:
        for each in (self.runs, self.sets, self.experiments, self.votes, self.articles):
            each.close()


def stores_at(home: Path, database: Database | None = None) -> Stores:
    evaluation = home / "experiments.sqlite3"
    database = database or Database(resolved(folder=home))
    return Stores(
        RunStore(database),
        QuerySetStore(evaluation),
        ExperimentStore(evaluation),
        VoteStore(database),
        MissingArticleStore(database),
        CorpusStore(home / "corpora"),
    )


@pytest.fixture
def stores(tmp_path: Path, database: Database) -> Iterator[Stores]:
    made = stores_at(tmp_path, database)
    yield made
    made.close()


@dataclass
class Kept:
    """One thing of each kind, by its id, and what the person kept it for."""

    run: str
    query_set: str
    experiment: str
    article: str
    corpus: str
    content: QuerySet


def keep(mine: Stores) -> Kept:
    content = small_set(3)
    set_id = mine.sets.save(content)
    article = MissingArticle("Where is it?", "the handbook")
    mine.articles.add(article)
    return Kept(
        mine.runs.save(make_run("salaries")),
        set_id,
        mine.experiments.create(set_id, content, CONTENDER).id,
        article.id,
        mine.corpora.create("Salaries", ["a text"]).id,
        content,
    )


def changes(who: Stores, kept: Kept) -> dict[str, Callable[[], object]]:
    """Everything that changes another's thing, by name; each would work for its owner."""

    def hold() -> None:
        with who.experiments.hold(kept.experiment):
            pass

    return {
        "rate a run": lambda: who.runs.set_rating(kept.run, 0, 3),
        "pin a run": lambda: who.runs.pin(kept.run),
        "share a run": lambda: who.runs.share(kept.run, True),
        "save over a run": lambda: who.runs.save(replace(make_run("other"), id=kept.run)),
        "rename a set": lambda: who.sets.rename(kept.query_set, "Mine"),
        "share a set": lambda: who.sets.share(kept.query_set, True),
        "add runs to a set": lambda: who.sets.add_runs(
            kept.query_set, [make_run("tea", ratings={0: 1})], who.sets.actor.keeper or "Me"
        ),
        "change what is read of a set": lambda: who.sets.set_rank_fields(kept.query_set, ["text"]),
        "rename an experiment": lambda: who.experiments.rename(kept.experiment, "Mine"),
        "share an experiment": lambda: who.experiments.share(kept.experiment, True),
        "pause an experiment": lambda: who.experiments.ask(kept.experiment, "pause"),
        "resume an experiment": hold,
        "write an experiment's state": lambda: who.experiments.set_state(kept.experiment, "done"),
        "send for an experiment": lambda: who.experiments.begin(kept.experiment, 0, 0, None),
        "mark an experiment interrupted": lambda: who.experiments.mark_interrupted(kept.experiment),
        "limit an experiment": lambda: who.experiments.set_limit(kept.experiment, None),
        "speed of an experiment": lambda: who.experiments.set_rates(kept.experiment, {}),
        "mark a pair": lambda: who.sets.mark(kept.experiment, "v2", [("q1", "a")], "good"),
        "share an article": lambda: who.articles.share([kept.article]),
        "note over an article": lambda: who.articles.add(MissingArticle("x", "y", id=kept.article)),
        "remove an article": lambda: who.articles.remove([kept.article]),
        "rename a base": lambda: who.corpora.rename(kept.corpus, "Mine"),
        "share a base": lambda: who.corpora.share(kept.corpus, True),
        "add to a base": lambda: who.corpora.open(kept.corpus).add(["more"]),
        "index a base anew": lambda: who.corpora.open(kept.corpus).index_anew(["text"]),
        "replace a base": lambda: who.corpora.create("Instead", ["x"], instead_of=kept.corpus),
        "delete a run": lambda: who.runs.delete(kept.run),
        "delete an experiment": lambda: who.experiments.delete(kept.experiment),
        "delete a set": lambda: who.sets.delete(kept.query_set),
        "delete a base": lambda: who.corpora.delete(kept.corpus),
    }


def reads(who: Stores, kept: Kept) -> dict[str, Callable[[], object]]:
    """Everything that reads another's thing by its id."""
    return {
        "a run": lambda: who.runs.get(kept.run),
        "a set": lambda: who.sets.get(kept.query_set),
        "its grades": lambda: who.sets.judgments(kept.query_set),
        "its raters": lambda: who.sets.raters(kept.query_set),
        "its version": lambda: who.sets.version_of(kept.query_set),
        "an experiment": lambda: who.experiments.get(kept.experiment),
        "its progress": lambda: who.experiments.progress(kept.experiment),
        "its ledger": lambda: who.experiments.requests(kept.experiment),
        "its failures": lambda: who.experiments.failures(kept.experiment),
        "its spending": lambda: who.experiments.spending(kept.experiment),
        "its rankings": lambda: who.experiments.rankings(kept.experiment, kept.content),
        "its figures": lambda: who.experiments.kept_figures(kept.experiment, b"key"),
        "to keep figures of it": lambda: who.experiments.keep_figures(kept.experiment, b"key", b"value"),
        "its marks": lambda: who.sets.marks(kept.experiment, "v2"),
        "what is asked of it": lambda: who.experiments.asked(kept.experiment),
        "an experiment on a set": lambda: who.experiments.create(kept.query_set, kept.content, CONTENDER),
        "a rating in a set": lambda: who.sets.rate(kept.query_set, who.sets.actor.keeper, "q1", "a", 1),
        "a base": lambda: who.corpora.open(kept.corpus),
    }


def seen(who: Stores) -> tuple[set[str], set[str], set[str], set[str], set[str]]:
    """The ids in all lists of somebody."""
    return (
        {one.id for one in who.runs.list()},
        {one.id for one in who.sets.list()},
        {one.id for one in who.experiments.list()},
        {one.id for one in who.articles.list()},
        {one.id for one in who.corpora.list()},
    )


NOTHING: tuple[set[str], ...] = (set(), set(), set(), set(), set())


def test_what_is_kept_is_private(stores):
    """Another finds it in no list, and is told that it is not shared whichever way they ask for it by its id. The
    sentence holds nothing of the thing and nothing of its owner."""
    kept = keep(stores.of(ANN))
    ben = stores.of(BEN)
    assert seen(ben) == NOTHING
    assert ben.runs.count() == 0
    assert ben.runs.ratings(kept.run) == {}
    assert ben.runs.ownership(kept.run) is ben.sets.ownership(kept.query_set) is None
    for name, use in (reads(ben, kept) | changes(ben, kept)).items():
        with pytest.raises(RerankError) as refused:
            use()
        assert refused.value.code == "not_shared", name
        assert not re.search("ann|salaries|small", str(refused.value), re.IGNORECASE), name


def test_what_is_shared_can_be_opened_and_not_changed(stores):
    """Everyone finds it and reads it; only the owner and an operator rename, delete, pause or go on with it."""
    ann, ben = stores.of(ANN), stores.of(BEN)
    kept = keep(ann)
    ann.runs.share(kept.run)
    ann.experiments.share(kept.experiment)
    ann.articles.share([kept.article])
    ann.corpora.share(kept.corpus)
    assert ann.sets.ownership(kept.query_set) == Ownership(ANN.keeper, True)  # an experiment without it says nothing
    assert seen(ben) == ({kept.run}, {kept.query_set}, {kept.experiment}, {kept.article}, {kept.corpus})
    for name, use in changes(ben, kept).items():
        with pytest.raises(RerankError) as refused:
            use()
        assert (refused.value.code, ANN.keeper in str(refused.value)) == ("not_yours", True), name
    for use in reads(ben, kept).values():
        use()
    ben.experiments.delete(next(one.id for one in ben.experiments.list() if one.owner == BEN.keeper))
    for use in changes(ann, kept).values():
        use()


def test_sharing_can_be_taken_back(stores):
    """From then on it is as if it had never been shared; with a query set go the experiments on it."""
    ann, ben = stores.of(ANN), stores.of(BEN)
    kept = keep(ann)
    ann.runs.share(kept.run)
    ann.experiments.share(kept.experiment)
    ann.articles.share([kept.article])
    ann.corpora.share(kept.corpus)
    ann.runs.share(kept.run, False)
    ann.sets.share(kept.query_set, False)
    ann.articles.share([kept.article], False)
    ann.corpora.share(kept.corpus, False)
    assert seen(ben) == NOTHING
    for use in reads(ben, kept).values():
        with pytest.raises(RerankError, match="not shared with you"):
            use()


def test_an_operator_opens_and_changes_everything_and_lists_what_others_list(stores):
    """By its id, as an address names it; a list is for what is one's own or shared."""
    kept = keep(stores.of(ANN))
    operator = stores.of(OPERATOR)
    assert seen(operator) == NOTHING
    for use in reads(operator, kept).values():
        use()
    operator.runs.save(replace(make_run("other"), id=kept.run))
    assert stores.of(ANN).runs.get(kept.run).query == "other"  # still hers, whoever changed it
    for use in changes(operator, kept).values():
        use()


def test_where_nobody_signs_in_everything_is_everybodys(stores):
    """As on a computer that one person has: all of it is in the lists and can be changed."""
    kept = keep(stores)
    assert seen(stores) == ({kept.run}, {kept.query_set}, {kept.experiment}, {kept.article}, {kept.corpus})
    for use in (reads(stores, kept) | changes(stores, kept)).values():
        use()


def test_what_was_kept_before_people_signed_in_is_everybodys_and_an_operators_to_change(stores):
    """Nobody loses what they find; nobody can take it from the others."""
    kept = keep(stores)
    ben = stores.of(BEN)
    assert seen(ben) == seen(stores)
    for use in reads(ben, kept).values():
        use()
    ben.experiments.delete(next(one.id for one in ben.experiments.list() if one.owner))
    for name, use in changes(ben, kept).items():
        with pytest.raises(RerankError, match="before people signed in") as refused:
            use()
        assert refused.value.code == "not_yours", name
    for use in changes(stores.of(OPERATOR), kept).values():
        use()


def test_files_of_2cf90ad_are_everybodys(tmp_path):
    """What was on the computer before people signed in stays, for all of them."""
    home = Path(shutil.copytree(ROOT / "tests" / "data" / "2cf90ad", tmp_path / "home"))
    ben = stores_at(home).of(BEN)
    (run,), (query_set,), (experiment,), (base,) = (
        ben.runs.list(),
        ben.sets.list(),
        ben.experiments.list(),
        ben.corpora.list(),
    )
    assert run.ownership == query_set.ownership == base.ownership == Ownership("")
    assert (experiment.owner, experiment.shared) == ("", False)
    assert ben.sets.threshold("gateflow", "rerank-english-v3.0").score == 0.42
    with pytest.raises(RerankError, match="before people signed in"):
        ben.corpora.rename(base.id, "Mine")
    stores_at(home).of(OPERATOR).corpora.share(base.id)  # brings its file up to date
    assert PassageDatabase(home / "corpora" / base.id / "passages.sqlite3").facts().ownership == Ownership("", True)
    assert len(ben.corpora.open(base.id)) == 2
    ben.close()


def test_ratings_are_given_under_ones_own_name(stores):
    """Whoever may open a set may rate in it. Nobody rates under another's address, nor changes what another has said;
    the median counts them all."""
    ann, ben = stores.of(ANN), stores.of(BEN)
    set_id = ann.sets.save(replace(small_set(2), judgments={}))
    ann.sets.share(set_id)
    query = ann.sets.get(set_id).queries[0]
    name = query.candidates[0]
    ann.sets.rate(set_id, ANN.keeper, query.id, name, 3)
    ben.sets.rate(set_id, BEN.keeper, query.id, name, 1)
    ben.sets.rate(set_id, "Ben's pilot group", query.id, name, 0)
    for who, rater in ((ben, ANN.keeper), (ann, BEN.keeper), (ann, "Ben's pilot group"), (ben, "cy@example.org")):
        with pytest.raises(RerankError, match="not yours to give"):
            who.sets.rate(set_id, rater, query.id, name, None)
    assert ben.sets.judgments(set_id) == {
        ANN.keeper: {query.id: {name: 3}},
        BEN.keeper: {query.id: {name: 1}},
        "Ben's pilot group": {query.id: {name: 0}},
    }
    assert stores.of(OPERATOR).sets.rate(set_id, "Ben's pilot group", query.id, name, None) == 0
    with stores.sets._reading() as db:
        rows = db.execute("SELECT owner, rated_at FROM ratings ORDER BY number").fetchall()
    assert [owner for owner, _ in rows] == [ANN.keeper, BEN.keeper]
    assert all(datetime.fromisoformat(when).tzinfo == UTC for _, when in rows)


def test_a_set_is_not_deleted_under_the_experiments_of_others(stores):
    """They may have paid for the answers; the sharing can be taken back instead, and an operator may."""
    ann, ben = stores.of(ANN), stores.of(BEN)
    kept = keep(ann)
    ann.sets.share(kept.query_set)
    ben.experiments.create(kept.query_set, kept.content, CONTENDER)
    with pytest.raises(RerankError, match="1 experiment on this query set"):
        ann.sets.delete(kept.query_set)
    assert ann.sets.get(kept.query_set) is not None
    assert stores.of(OPERATOR).sets.delete(kept.query_set)


def test_everybody_keeps_their_own_threshold(stores):
    """One's own holds, else the one that was shared last, else the one from before people signed in."""
    ann, ben, key = stores.of(ANN).sets, stores.of(BEN).sets, ("cohere", "m")
    stores.sets.set_threshold(*key, 0.1)
    ann.set_threshold(*key, 0.2)
    assert (ann.threshold(*key).score, ben.threshold(*key).score) == (0.2, 0.1)
    ann.share_threshold(ann.threshold(*key))
    found = ben.threshold(*key)
    assert (found.score, found.owner, found.shared) == (0.2, ANN.keeper, True)
    with pytest.raises(RerankError, match="belongs to ann"):
        ben.share_threshold(found, False)
    ben.set_threshold(*key, 0.3)
    assert (ann.threshold(*key).score, ben.threshold(*key).score) == (0.2, 0.3)
    ben.set_threshold(*key, None)
    ann.share_threshold(ann.threshold(*key), False)
    assert (ann.threshold(*key).score, ben.threshold(*key).score) == (0.2, 0.1)
    ben.set_threshold(*key, None)
    assert ben.threshold(*key).score == 0.1  # everybody's stays
    stores.of(OPERATOR).sets.set_threshold(*key, None)
    assert ben.threshold(*key) is None
    assert ann.threshold(*key).score == 0.2
    assert stores.sets.threshold(*key).score == 0.2  # where nobody signs in any more, all of it is everybody's
    stores.sets.set_threshold(*key, None)
    assert ann.threshold(*key) is None


def test_everybody_counts_their_own_votes_and_those_that_are_shared(stores):
    """A vote stands for its person; sharing counts for those to come too; forgetting forgets one's own."""
    ann, ben = stores.of(ANN).votes, stores.of(BEN).votes
    stores.votes.add(Vote("before", ("a", "b"), "a"), ["r0"])
    ann.add(Vote("1", ("a", "b"), "a"), ["r1"])
    ben.add(Vote("2", ("a", "b"), "b"), ["r2"])
    assert [vote.round for vote in ann.tally().votes] == ["before", "1"]
    assert [vote.round for vote in ben.tally().votes] == ["before", "2"]
    ann.share()
    ann.add(Vote("3", ("a", "b"), None), ["r3"])
    assert [vote.round for vote in ben.tally().votes] == ["before", "1", "2", "3"]
    assert (ann.shared(), ben.shared(), ann.own(), ben.own()) == (True, False, 2, 1)
    assert ben.round_of(["r3"]) is None  # a round of hers is not his
    with pytest.raises(RerankError, match="belongs to ann"):
        ben.add(Vote("1", ("a", "b"), "b"), ["r1"])
    ben.forget()
    assert [vote.round for vote in ben.tally().votes] == ["before", "1", "3"]
    ann.share(False)
    assert [vote.round for vote in ben.tally().votes] == ["before"]
    assert ann.own() == 2


def test_who_has_seen_the_names_is_known_for_each_person(stores):
    """A blind test is fair for whoever has not seen them."""
    ann, ben = stores.of(ANN).votes, stores.of(BEN).votes
    stores.votes.set_named(["before"])
    ann.set_named(["r"])
    assert (ann.named(["r"]), ben.named(["r"]), ben.named(["before"])) == (True, False, True)


def test_a_question_stands_on_the_list_of_each_who_notes_it(stores):
    """One's note is not replaced by another's of the same question; what comes back is shared as it was."""
    ann, ben = stores.of(ANN).articles, stores.of(BEN).articles
    ann.add(MissingArticle("Where?", "here"))
    ben.add(MissingArticle("Where?", "here"), MissingArticle("Where?", "here"))
    assert len(ann.list()) == len(ben.list()) == 1
    (noted,) = ann.list()
    ann.share([noted.id])
    assert [one.ownership.owner for one in ben.list()] == [BEN.keeper, ANN.keeper]
    (shared,) = ann.list()
    ann.remove([noted.id])
    assert len(ben.list()) == 1
    ann.add(shared)
    assert len(ben.list()) == 2


def test_two_people_may_use_one_name_for_their_bases(stores):
    """A name says nothing about what others have; one's own is found by it first, and what was searched last is each
    one's own."""
    ann, ben = stores.of(ANN).corpora, stores.of(BEN).corpora
    hers, his = ann.create("Handbook", ["hers"]), ben.create("handbook", ["his"])
    with pytest.raises(RerankError, match="already"):
        ben.create("HANDBOOK", ["again"])
    ann.share(hers.id)
    assert (ann.open("Handbook").id, ben.open("Handbook").id) == (hers.id, his.id)
    assert stores.of(OPERATOR).corpora.open("handbook").id == hers.id
    ann.remember(hers.id)
    assert (ann.last_used, ben.last_used) == (hers.id, None)
    ben.remember(hers.id)
    assert ben.last_used == hers.id
    ann.share(hers.id, False)
    assert (ann.last_used, ben.last_used) == (hers.id, None)


def test_a_base_that_is_filled_anew_stays_its_owners(stores):
    """Also where an operator does it: the owner, the sharing and the id stay."""
    ann = stores.of(ANN).corpora
    old = ann.create("Handbook", ["old"])
    ann.share(old.id)
    operator = stores.of(OPERATOR).corpora
    new = operator.create("being made", ["new"], instead_of=old.id)
    taken = operator.take_place(new.id, old.id)
    assert (taken.id, taken.facts().ownership) == (old.id, Ownership(ANN.keeper, True))
    assert ann.open("Handbook")[0].text == "new"


def test_a_damaged_base_is_an_operators_to_delete(stores):
    """It does not say whose it is any more."""
    ann = stores.of(ANN).corpora
    corpus = ann.create("Handbook", ["old"])
    (corpus.folder / "passages.sqlite3").write_bytes(b"no database" * 100)
    (row,) = stores.of(BEN).corpora.list()
    assert (row.id, row.name, bool(row.problem)) == (corpus.id, "", True)
    with pytest.raises(RerankError, match="Only an operator"):
        ann.delete(corpus.id)
    stores.of(OPERATOR).corpora.delete(corpus.id)
    assert stores.corpora.list() == ()


def test_nobody_keeps_more_than_their_share(tmp_path):
    """One person's things take no room from another's, and the sentence says what to do."""
    sets, bases = QuerySetStore(tmp_path / "e.sqlite3", max_sets=2), CorpusStore(tmp_path / "corpora", most=2)
    for number in range(2):
        sets.acting_for(ANN).save(small_set(1))
        bases.acting_for(ANN).create(f"Base {number}", ["x"])
    for one_more in (
        lambda: sets.acting_for(ANN).save(small_set(1)),
        lambda: bases.acting_for(ANN).create("One more", ["x"]),
    ):
        with pytest.raises(RerankError, match="2 is the most for one person") as refused:
            one_more()
        assert refused.value.code == "too_many_kept"
    first = bases.acting_for(ANN).list()[0].id
    bases.acting_for(ANN).create("instead", ["x"], instead_of=first)
    sets.acting_for(BEN).save(small_set(1))
    bases.acting_for(BEN).create("Base 0", ["x"])
    sets.close()


def test_nobody_keeps_knowledge_bases_beyond_their_share_of_the_disk(tmp_path):
    """Once one person's bases take as much as they may, they make none and add to none, and nothing is half made; the
    sentence names both sizes. Another person's do not count, nor one whose place is taken."""
    first = CorpusStore(tmp_path).acting_for(ANN).create("Base", ["a text " * 20_000])
    (row,) = CorpusStore(tmp_path).list()
    bases = CorpusStore(tmp_path, most_bytes=row.size)
    hers, his = bases.acting_for(ANN), bases.acting_for(BEN)
    for one_more in (lambda: hers.create("One more", ["x"]), lambda: hers.open(first.id).add(["x"])):
        with pytest.raises(RerankError, match="is the most for one person here") as refused:
            one_more()
        assert refused.value.code == "too_many_kept"
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == [first.id]
    assert len(hers.open(first.id)) == 1
    hers.create("instead", ["y"], instead_of=first.id)
    his.create("Base", ["x"])
    with pytest.raises(RerankError, match="knowledge bases would take"):
        his.create("Too large", ["another text " * 20_000])
    assert [each.name for each in his.list()] == ["Base"]


ACTORS = (ANN, BEN, OPERATOR, NOBODY_SIGNS_IN)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ACTORS),
            st.sampled_from(["save", "share", "take back", "rate", "pin", "delete"]),
            st.integers(0, 30),
        ),
        max_size=40,
    )
)
@settings(max_examples=30, deadline=None)
def test_whatever_others_do_ones_kept_runs_stay(steps):
    """Whatever is saved, shared, rated, pinned and deleted by whom: each change works for exactly those who may, each
    list has exactly what is one's own, shared or everybody's, and a run goes only when its owner saves another while it
    is neither rated, shared nor pinned."""
    with TemporaryDirectory() as folder, RunStore(Path(folder) / "runs.sqlite3", max_runs=3) as store:
        known: dict[str, Ownership] = {}
        rated: set[str] = set()
        for actor, what, place in steps:
            mine = store.acting_for(actor)
            if what == "save":
                before = {one.id for one in store.list(1_000)}
                new = mine.save(make_run(f"query {place}"))
                known[new] = Ownership(actor.keeper)
                for gone in before - {one.id for one in store.list(1_000)}:
                    assert known[gone] == Ownership(actor.keeper)
                    assert gone not in rated
                    del known[gone]
                free = [one for one in known if known[one] == Ownership(actor.keeper) and one not in rated]
                assert len(free) <= 3
                continue
            if not known:
                continue
            run_id = sorted(known)[place % len(known)]
            owned = known[run_id]
            use = {
                "share": lambda: mine.share(run_id),  # noqa: B023
                "take back": lambda: mine.share(run_id, False),  # noqa: B023
                "rate": lambda: mine.set_rating(run_id, 0, 2),  # noqa: B023
                "pin": lambda: mine.pin(run_id),  # noqa: B023
                "delete": lambda: mine.delete(run_id),  # noqa: B023
            }[what]
            if actor in (OPERATOR, NOBODY_SIGNS_IN) or actor.person == owned.owner:
                use()
                changed = {"share": {"shared": True}, "take back": {"shared": False}, "pin": {"pinned": True}}
                known[run_id] = owned._replace(**changed.get(what, {}))
                if what == "rate":
                    rated.add(run_id)
                if what == "delete":
                    del known[run_id]
            else:
                with pytest.raises(RerankError) as refused:
                    use()
                opened = owned.shared or not owned.owner
                assert refused.value.code == ("not_yours" if opened else "not_shared")
            for other in ACTORS:
                expected = {
                    one
                    for one, whose in known.items()
                    if other.person is None or whose.shared or whose.owner in ("", other.person)
                }
                assert {one.id for one in store.acting_for(other).list(1_000)} == expected
