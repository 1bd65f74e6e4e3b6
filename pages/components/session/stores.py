"""What all sessions of this server share: the database with its stores and the job manager, each made once.

A store that a page asks for acts for the person of its session: it finds, opens and changes what they may. A worker
thread is handed such a store in its arguments.

Whatever is shared lives here, and `forget` drops all of it, as tests need between one home folder and the next.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.monitoring import metrics
from pages.components.server import database as server_database
from pages.components.server import limits, retention
from pages.components.server.knowledge.homes import homes
from pages.components.session import tab
from pages.components.session.draft_shelf import DraftShelf
from pages.components.session.owner import actor
from rerank_core import samples
from rerank_core.corpora import CorpusStore, KnowledgeBases
from rerank_core.errors import RerankError
from rerank_core.jobs import Attendance, Fairness, JobManager
from rerank_core.retrieval.passages import PassageList
from rerank_core.storage.database import Database
from rerank_core.storage.missing_articles import MissingArticleStore
from rerank_core.storage.replicas.store import ReplicaStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.storage.votes import VoteStore

if TYPE_CHECKING:
    from rerank_core.evaluation.experiments.local_speed import LocalSpeed
    from rerank_core.evaluation.query_sets.query_set import QuerySet
    from rerank_core.storage.experiments import ExperimentStore
    from rerank_core.storage.history.store import HistoryStore
    from rerank_core.storage.judging.store import JudgingStore
    from rerank_core.storage.ownership import Actor
    from rerank_core.storage.query_sets import QuerySetStore

# Most jobs wait for a service, not for a processor; a slow one must not hold up everybody. What computes on this
# computer takes turns at its processors besides (rerank_core/offline/workers.py).
_WORKERS, _FOR_SHORT = 24, 8
_WAITING_PER_OWNER = 20
_MEGABYTE = 1_000_000


@st.cache_resource(show_spinner=False)
def database() -> Database:
    """The database of everything that is kept: the one that the operator names, else the file of this computer."""
    return Database(server_database.address())


def runs() -> RunStore:
    """The saved runs."""
    return _runs().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _runs() -> RunStore:
    allowed = limits.limits()
    return RunStore(
        database(),
        max_runs=allowed.runs_per_owner,
        max_bytes=allowed.runs_megabytes_per_owner * _MEGABYTE,
        max_days=retention.retention().days,
        max_experiment_bytes=allowed.experiments_megabytes_per_owner * _MEGABYTE,
    )


def tidy() -> None:
    """Let go what is too old or too much of everybody's runs and experiments. Raises StoreError."""
    _runs().tidy()


def history() -> HistoryStore:
    """What was made here, as history lists it."""
    return _history().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _history() -> HistoryStore:
    from rerank_core.storage.history.store import HistoryStore

    return HistoryStore(database(), runs=_runs(), sets=_query_sets(), experiments=_experiments())


@st.cache_resource(show_spinner=False)
def drafts() -> DraftShelf:
    """What stands on pages and has not been run."""
    return DraftShelf()


def corpora() -> KnowledgeBases:
    """The knowledge bases, of this computer and of the homes that the operator names; all sessions share their
    indexes."""
    return _corpora().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _corpora() -> KnowledgeBases:
    allowed = limits.limits()
    most = allowed.knowledge_bases_megabytes_per_owner * _MEGABYTE
    here = CorpusStore(most=allowed.knowledge_bases_per_owner, most_bytes=most)
    return KnowledgeBases(here, homes())


@st.cache_resource(show_spinner=False)
def sample_passages() -> PassageList:
    """The sample knowledge base, always there."""
    return PassageList(samples.knowledge_base())


# What belongs to evaluation is heavy, and not needed before somebody evaluates.


def query_sets() -> QuerySetStore:
    """The query sets, ratings and kept thresholds of this computer."""
    return query_sets_for(actor())


def query_sets_for(who: Actor) -> QuerySetStore:
    """The same as somebody uses them who need not be in a session here."""
    return _query_sets().acting_for(who)


@st.cache_resource(show_spinner=False)
def _query_sets() -> QuerySetStore:
    from rerank_core.storage.query_sets import QuerySetStore

    allowed = limits.limits()
    most = allowed.query_sets_megabytes_per_owner * _MEGABYTE
    return QuerySetStore(database(), max_sets=allowed.query_sets_per_owner, max_bytes=most)


def judging() -> JudgingStore:
    """Who judges the query sets of this computer together, and what was settled."""
    return _judging().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _judging() -> JudgingStore:
    from rerank_core.storage.judging.store import JudgingStore

    return JudgingStore(database(), _query_sets())


def experiments() -> ExperimentStore:
    """The experiments of this computer."""
    return experiments_for(actor())


def experiments_for(who: Actor) -> ExperimentStore:
    """The same as somebody uses them who need not be in a session here."""
    return _experiments().acting_for(who)


@st.cache_resource(show_spinner=False)
def _experiments() -> ExperimentStore:
    from rerank_core.storage.experiments import ExperimentStore

    return ExperimentStore(database(), max_bytes=limits.limits().experiments_megabytes_per_owner * _MEGABYTE)


@st.cache_resource(show_spinner=False)
def sample_query_set() -> QuerySet:
    """The rated sample, with candidates by keyword."""
    from rerank_core.evaluation.query_sets import sources

    return sources.from_sample()


@st.cache_resource(show_spinner=False)
def local_speeds() -> dict[str, tuple[float, LocalSpeed | None]]:
    """When each local model was measured (a monotonic clock), with its speed; None where that failed."""
    return {}


def votes() -> VoteStore:
    """The votes of blind tests on this computer."""
    return _votes().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _votes() -> VoteStore:
    return VoteStore(database())


def missing_articles() -> MissingArticleStore:
    """The questions without an answer that were noted on this computer."""
    return _missing_articles().acting_for(actor())


@st.cache_resource(show_spinner=False)
def _missing_articles() -> MissingArticleStore:
    return MissingArticleStore(database())


@st.cache_resource(show_spinner=False)
def replicas() -> ReplicaStore:
    """The servers on this database, and the work that outlives them."""
    return ReplicaStore(database())


@st.cache_resource(show_spinner=False)
def spending() -> SpendingStore:
    """What calls of services have cost on this computer."""
    return SpendingStore(database())


@st.cache_resource(show_spinner=False)
def jobs() -> JobManager:
    """The one job manager of this process; app.py closes it when the server stops."""
    share = Fairness(_FOR_SHORT, limits.limits().jobs_per_owner, _WAITING_PER_OWNER)
    return JobManager(workers=_WORKERS, fairness=share, on_ended=metrics.job_ended)


@st.cache_resource(show_spinner=False)
def attendance() -> Attendance:
    """Which tabs wait for which work. A closed one may come back for as long as Streamlit keeps its session."""
    return Attendance(tab.is_open, grace=st.get_option("server.disconnectedSessionTTL"))


def forget() -> None:
    """Drop everything that sessions share, so that the next one who asks gets it from the files as they are then."""
    database().close()
    with contextlib.suppress(RerankError):  # a secrets file that makes no sense: then there is nothing to close
        _corpora().close()
    for shared in (
        database,
        _runs,
        _history,
        drafts,
        _corpora,
        sample_passages,
        _query_sets,
        _judging,
        _experiments,
        sample_query_set,
        local_speeds,
        _votes,
        _missing_articles,
        replicas,
        spending,
        jobs,
        attendance,
    ):
        shared.clear()
