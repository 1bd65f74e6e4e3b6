"""The sample support desk: articles, tickets and ratings that fit together, and what the real models make of them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date
from difflib import SequenceMatcher
from itertools import combinations

import pytest

from rerank_core import Client, evaluation, language, offline
from rerank_core.documents import read_documents
from rerank_core.models import texts_of
from rerank_core.providers import provider
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.samples import TICKETS, Ticket, knowledge_base, rated_queries
from rerank_core.samples.support_desk import KINDS
from tests.support import ROOT

FILES = ROOT / "rerank_core" / "samples"
SECTIONS = {"account", "billing", "network", "devices", "orders", "security", "integrations"}
ARTICLES = {article.id: article for article in knowledge_base()}
each_ticket = pytest.mark.parametrize("ticket", TICKETS, ids=lambda ticket: ticket.id)


def words(text: str, lang: str) -> float:
    """The length of a text in words; Japanese has no spaces, so two characters count as about one."""
    return len(text) / 2.2 if lang == "ja" else len(text.split())


def scores(model_id: str, query: str) -> dict[str, float]:
    """What a local model gives every article for a query; skips, saying why, where the model cannot run."""
    from rerank_core import offline

    reason = offline.unavailable_reason(model_id)
    if reason is not None:
        pytest.skip(reason)
    found = offline.score(model_id, query, texts_of(ARTICLES.values(), TITLE_AND_TEXT))
    return dict(zip(ARTICLES, (scored.relevance_score for scored in found), strict=True))


def best_first(model_id: str, query: str) -> list[str]:
    """Article ids in the order of a local model."""
    found = scores(model_id, query)
    return sorted(found, key=lambda name: -found[name])


# --- the articles -------------------------------------------------------------------------------------------------


def test_articles_are_complete_and_told_apart() -> None:
    """Every article has an id, title, address and text of its own, a section, a language and a date."""
    assert len(ARTICLES) == len(knowledge_base()) == 66
    for name in ("title", "url"):
        assert len({article.metadata[name] for article in ARTICLES.values()}) == 66
    assert len({article.text for article in ARTICLES.values()}) == 66
    for article in ARTICLES.values():
        assert set(article.metadata) == {"lang", "section", "title", "url", "updated"}
        assert article.metadata["section"] in SECTIONS
        assert article.metadata["url"].startswith(f"https://example.com/help/{article.metadata['lang']}/")
        assert date(2022, 1, 1) < date.fromisoformat(article.metadata["updated"]) < date(2026, 12, 31)
        assert article.text == article.text.strip()
        assert not article.text.startswith(article.metadata["title"]), "the title would stand twice on the screen"


def test_articles_are_in_four_languages_and_short() -> None:
    """Mostly English, six or more in each other language, 40 to 150 words, in the language that they claim."""
    languages = Counter(article.metadata["lang"] for article in ARTICLES.values())
    assert languages["en"] >= 42
    assert set(languages) == {"en", "de", "es", "ja"}
    assert min(languages.values()) >= 6
    for article in ARTICLES.values():
        assert 40 <= words(article.text, article.metadata["lang"]) <= 150, article.id
        assert language.guess(article.text) == article.metadata["lang"], article.id
    for section in SECTIONS:
        assert sum(article.metadata["section"] == section for article in ARTICLES.values()) >= 4


def test_one_pair_differs_in_a_single_number() -> None:
    """The two articles on what the app needs are word for word the same, but for the Android version."""
    old, new = (ARTICLES[name].text.split() for name in ("app-needs-4", "app-needs-5"))
    assert [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]] == [("9", "12")]


@pytest.mark.parametrize(
    ("one", "other"), [("password-reset", "password-reset-app-4"), ("hub-blinks-3", "hub-blinks-4")]
)
def test_near_duplicates_share_most_of_their_words(one: str, other: str) -> None:
    """An old and a new wording, and two faults told apart by a count, are much alike and not the same."""
    alike = SequenceMatcher(None, ARTICLES[one].text.split(), ARTICLES[other].text.split()).ratio()
    assert 0.7 < alike < 1
    assert sum(SequenceMatcher(None, ARTICLES[one].text, far.text).quick_ratio() == 1 for far in ARTICLES.values()) == 1


def test_article_files_open_like_any_upload() -> None:
    """A file of articles uploaded to the app gives the same documents, with nothing left out."""
    for lang in ("en", "de", "es", "ja"):
        parsed = read_documents(f"{lang}.jsonl", (FILES / "knowledge_base" / f"{lang}.jsonl").read_bytes())
        assert parsed.problems == ()
        own = [article for article in ARTICLES.values() if article.metadata["lang"] == lang]
        assert [(document.id, document.text) for document in parsed.documents] == [(a.id, a.text) for a in own]


# --- the tickets --------------------------------------------------------------------------------------------------


def test_tickets_reach_from_one_line_to_a_whole_letter() -> None:
    """Ten tickets in four languages, from under 20 words to over 200, two of them without an answer."""
    assert len({ticket.id for ticket in TICKETS}) == len(TICKETS) == 10
    assert {ticket.lang for ticket in TICKETS} == {"en", "de", "es", "ja"}
    lengths = [words(ticket.text, ticket.lang) for ticket in TICKETS]
    assert min(lengths) < 20
    assert 200 < max(lengths) < 300
    assert sum(length >= 150 for length in lengths) >= 2
    assert sum(not ticket.answers for ticket in TICKETS) == 2


@each_ticket
def test_a_ticket_is_complete(ticket: Ticket) -> None:
    """Its answers exist, its text is in its language, and a sentence says what it shows."""
    assert set(ticket.answers) <= set(ARTICLES)
    assert len(set(ticket.answers)) == len(ticket.answers)
    assert language.guess(ticket.text) == ticket.lang
    assert ticket.note.endswith(".")
    assert ticket.title


@pytest.mark.parametrize("ticket", [one for one in TICKETS if one.answers], ids=lambda ticket: ticket.id)
@pytest.mark.slow
def test_multilingual_puts_the_answer_first(ticket: Ticket) -> None:
    """The best answer to a ticket is among the first three of all articles, and an answer stands first."""
    found = best_first("local-multilingual", ticket.text)
    assert ticket.answers[0] in found[:3]
    assert found[0] in ticket.answers


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [one.id for one in provider("local").models if one.languages == "english"], ids=lambda model: model
)
@pytest.mark.parametrize(
    "ticket", [one for one in TICKETS if one.answers and one.lang == "en"], ids=lambda ticket: ticket.id
)
def test_models_for_english_put_the_best_answer_first(ticket: Ticket, model: str) -> None:
    """To a ticket in English, among all articles of its language."""
    articles = [article for article in knowledge_base() if article.metadata["lang"] == "en"]
    with Client("local") as client:
        if offline.unavailable_reason(model) is not None:
            pytest.skip(f"{model} is not installed")
        answer = client.rerank(ticket.text, articles, model, rank_fields=TITLE_AND_TEXT)
    assert answer.results[0].document.id == ticket.answers[0]


@pytest.mark.slow
def test_keyword_matching_misses_tickets_that_share_other_words() -> None:
    """It knows nothing of meaning: these four show it, and the other four have their best answer first."""
    missed = {one.id for one in TICKETS if one.answers and best_first("local-keyword", one.text)[0] != one.answers[0]}
    assert missed == {"blinking-hub", "footage-gone", "charged-twice", "too-many-requests"}


def test_scores_tell_the_tickets_that_nothing_answers() -> None:
    """Both score lower than every ticket with an answer, and under the model's threshold where it has one."""
    best = {ticket.id: max(scores("local-multilingual", ticket.text).values()) for ticket in TICKETS}
    unanswered = max(best[ticket.id] for ticket in TICKETS if not ticket.answers)
    assert unanswered * 1.5 < min(best[ticket.id] for ticket in TICKETS if ticket.answers)
    model = provider("local").model("local-multilingual")
    assert model is not None
    assert model.threshold is not None
    assert unanswered < model.threshold


# --- the rated queries --------------------------------------------------------------------------------------------


def test_rated_queries_are_many_and_varied() -> None:
    """At least 120 different queries in four languages, on every section, of every kind and length."""
    rated = rated_queries()
    assert len(rated.queries) == len(set(rated.queries.values())) == 165
    assert set(rated.tags) == set(rated.judgments) == set(rated.queries)
    assert rated.documents == knowledge_base()
    for name, text in rated.queries.items():
        tags = rated.tags[name]
        assert set(tags) == {"lang", "topic", "length", "kind"}
        assert name.startswith(tags["lang"] + "-")
        assert tags["topic"] in SECTIONS | {"other"}
        count = words(text, tags["lang"])
        assert tags["length"] == ("short" if count <= 5 else "sentence" if count <= 25 else "long")
        assert (tags["kind"] == "letter") == (tags["length"] == "long")
    languages = Counter(tags["lang"] for tags in rated.tags.values())
    assert set(languages) == {"en", "de", "es", "ja"}
    assert languages["en"] > len(rated.queries) / 2
    assert min(languages.values()) >= 10
    assert {tags["topic"] for tags in rated.tags.values()} >= SECTIONS
    kinds = Counter(tags["kind"] for tags in rated.tags.values())
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 10


def test_no_rated_query_is_hardly_another_than_one_before() -> None:
    """Two queries of a language never share most of their words: each counts for itself in a mean."""
    rated = rated_queries()
    bags = {name: set(re.findall(r"\w+", text.casefold())) for name, text in rated.queries.items()}
    for one, other in combinations(bags, 2):
        if rated.tags[one]["lang"] == rated.tags[other]["lang"]:
            shared = len(bags[one] & bags[other]) / len(bags[one] | bags[other])
            assert shared < 0.5, (rated.queries[one], rated.queries[other])


def test_queries_by_title_are_titles_or_nearly() -> None:
    """A title search is much like the title of the article that answers it, and a letter has several sentences."""
    rated = rated_queries()
    exact = 0
    for name, text in rated.queries.items():
        if rated.tags[name]["kind"] == "title":
            (best,) = (article for article, grade in rated.judgments[name].items() if grade == 3)
            title = str(ARTICLES[best].metadata["title"])
            assert SequenceMatcher(None, text.casefold(), title.casefold()).ratio() > 0.5, text
            exact += text == title
        elif rated.tags[name]["kind"] == "letter":
            assert len(re.findall(r"[.!?。？]", text)) >= 2, text
    assert exact >= 4


def test_every_article_is_rated_for_every_query() -> None:
    """Whatever a model shows first, somebody has rated it: no order is measured by documents without a grade."""
    lines = (FILES / "rated" / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [tuple(line.split("\t")[:2]) for line in lines]
    assert len(pairs) == len(set(pairs)), "a pair is rated twice"
    assert all(set(grades) == set(ARTICLES) for grades in rated_queries().judgments.values())


def test_ratings_follow_their_own_rules() -> None:
    """Grades 0 to 3 of articles that exist; a 3 is in the language of the question; most queries have a good answer."""
    rated = rated_queries()
    without = 0
    for query, grades in rated.judgments.items():
        assert set(grades.values()) <= {0, 1, 2, 3}
        assert sum(grade >= 2 for grade in grades.values()) <= 6
        without += max(grades.values()) < 2
        for article, grade in grades.items():
            if grade == 3:
                assert ARTICLES[article].metadata["lang"] == rated.tags[query]["lang"], (query, article)
    assert 10 <= without <= 16


def test_versions_in_other_languages_are_rated_alike() -> None:
    """Where one version of the same article answers in full, the others do so in another language: 2."""
    for versions in (
        {"password-reset", "de-passwort", "es-contrasena", "ja-password"},
        {"return-item", "de-ruecksendung", "es-devolucion", "ja-returns"},
        {"wifi-drops", "de-wlan-abbrueche", "ja-wifi-drops"},
        {"slow-wifi", "es-wifi-lento"},
        {"invoice", "de-rechnung"},
        {"payment-failed", "es-pago-rechazado"},
        {"parcel-not-arrived", "de-paket"},
        {"camera-battery", "es-bateria-camara"},
        {"recordings-kept", "ja-recordings"},
        {"lost-phone", "ja-new-phone"},
    ):
        full = [g for g in rated_queries().judgments.values() if 3 in {g.get(version) for version in versions}]
        assert full, versions
        for grades in full:
            assert sorted(grades.get(version, 0) for version in versions) == [2] * (len(versions) - 1) + [3]


def test_tickets_and_ratings_agree_on_the_traps() -> None:
    """The old app's Android version and the other blink count are never rated as an answer."""
    judgments = rated_queries().judgments
    assert (judgments["en-26"]["app-needs-5"], judgments["en-26"]["app-needs-4"]) == (3, 1)
    assert (judgments["en-16"]["hub-blinks-4"], judgments["en-16"]["hub-blinks-3"]) == (3, 0)
    assert next(ticket for ticket in TICKETS if ticket.id == "blinking-hub").answers == ("hub-blinks-3",)


def test_rated_files_are_read_like_any_import() -> None:
    """The files on disk are BEIR's: evaluation.read takes them without a problem and finds the same in them."""
    rated = rated_queries()
    parts = [evaluation.read(path.name, path.read_bytes()) for path in sorted((FILES / "rated").iterdir())]
    merged = evaluation.merge(parts)
    assert merged.problems == ()
    assert (merged.kind, merged.queries, merged.judgments) == ("beir", rated.queries, rated.judgments)


def test_the_query_set_goes_out_and_comes_back() -> None:
    """As an import it is written as a BEIR collection and read again without a loss."""
    rated = rated_queries()
    named = {document.id or "": document for document in rated.documents}
    imported = evaluation.Imported(
        "beir",
        queries=rated.queries,
        documents={name: document.text for name, document in named.items()},
        judgments=rated.judgments,
        titles={name: str(document.metadata["title"]) for name, document in named.items()},
        metadata={
            name: {key: value for key, value in document.metadata.items() if key != "title"}
            for name, document in named.items()
        },
    )
    back = evaluation.read("support.zip", evaluation.write("beir", imported))
    assert back.problems == ()
    for name in ("queries", "documents", "judgments", "titles", "metadata"):
        assert getattr(back, name) == getattr(imported, name)
    assert rated.tags["en-01"]["topic"] == "account"


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, list[str]]]:
    """Every rated query over all articles, by each local model."""
    return {
        model: {query: best_first(model, text) for query, text in rated_queries().queries.items()}
        for model in ("local-english", "local-multilingual", "local-keyword")
    }


@pytest.mark.slow
def test_meaning_beats_keywords_on_the_rated_queries(runs: dict[str, dict[str, list[str]]]) -> None:
    """Multilingual orders better than the keyword model in each language, and English does in English."""
    rated = rated_queries()
    good = {query: grades for query, grades in rated.judgments.items() if max(grades.values()) >= 2}

    def ndcg(model: str, lang: str) -> float:
        judged = {query: grades for query, grades in good.items() if rated.tags[query]["lang"] == lang}
        return evaluation.measure(judged, {q: runs[model][q] for q in judged}, ["nDCG@10"])["nDCG@10"].mean

    for lang in ("en", "de", "es", "ja"):
        assert ndcg("local-multilingual", lang) > ndcg("local-keyword", lang) + 0.02, lang
    assert ndcg("local-english", "en") > ndcg("local-keyword", "en") + 0.05
    # There is something left to gain, so that a better model can show it.
    assert ndcg("local-multilingual", "de") < 0.9


# --- what importing costs -----------------------------------------------------------------------------------------


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """Importing the package leaves the samples alone, and importing them reads no article, rating or heavy module."""
    code = (
        "import sys, rerank_core; assert 'rerank_core.samples' not in sys.modules; "
        "from rerank_core import samples; "
        "assert samples.knowledge_base.cache_info().currsize == samples.rated_queries.cache_info().currsize == 0; "
        "samples.rated_queries(); assert samples.knowledge_base() is samples.knowledge_base(); "
        "heavy = {'numpy', 'pandas', 'onnxruntime', 'bm25s', 'ir_measures', 'openpyxl', 'httpx', 'streamlit'}; "
        "assert not heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FILES.parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_addresses_and_names_are_made_up() -> None:
    """No address but example.com stands anywhere, and no e-mail address at all."""
    everything = [article.text for article in ARTICLES.values()] + [ticket.text for ticket in TICKETS]
    for text in [*everything, *rated_queries().queries.values()]:
        assert set(re.findall(r"[\w-]+\.(?:com|org|net|de|es|jp|io)\b", text)) <= {"example.com"}
        assert "@" not in text
