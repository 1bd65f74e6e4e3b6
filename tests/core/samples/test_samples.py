"""The example stories: complete, self-consistent, and true when the real local models run over them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rerank_core import Client, language, offline
from rerank_core.errors import ConfigurationError
from rerank_core.models import RankedDocument, texts_of
from rerank_core.offline.models import KEYWORD
from rerank_core.providers import provider
from rerank_core.providers.spec import ModelSpec
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.strength import levels, state
from rerank_core.samples import EXAMPLES, Example, example
from tests.support import ROOT

each = pytest.mark.parametrize("story", EXAMPLES, ids=lambda story: story.id)
each_model_of_meaning = pytest.mark.parametrize(
    "model", [one for one in provider("local").models if one.id != KEYWORD], ids=lambda model: model.id
)


def local_scores(story: Example, label: str) -> list[float]:
    """What the local model with this label really gives the story's documents; skips where it cannot run."""
    from rerank_core.offline.engine import score, unavailable_reason

    model = local_model(label)
    reason = unavailable_reason(model.id)
    if reason is not None:
        pytest.skip(reason)
    return [
        scored.relevance_score for scored in score(model.id, story.query, texts_of(story.documents, TITLE_AND_TEXT))
    ]


def local_model(label: str):
    """The local model behind a label on the screen."""
    return next(model for model in provider("local").models if model.label == label)


def best_first(scores: list[float]) -> list[int]:
    """Indexes by score, ties in input order."""
    return sorted(range(len(scores)), key=lambda index: (-scores[index], index))


def test_there_are_nine_stories_with_names_of_their_own() -> None:
    """Nine examples, the first visit's first, no two with the same id, title or icon."""
    assert [story.id for story in EXAMPLES] == [
        "password-reset",
        "machine-learning",
        "support",
        "product-search",
        "ssl-answer",
        "german-query",
        "healthcare",
        "duplicate-tickets",
        "no-answer",
    ]
    for name in ("title", "icon", "query", "story"):
        assert len({getattr(story, name) for story in EXAMPLES}) == 9


def test_the_first_visit_shows_the_four_help_pages() -> None:
    """The password reset story holds exactly the documents that people and tests rely on."""
    story = example("password-reset")
    assert story.query == "How do I reset my password?"
    assert [document.text for document in story.documents] == [
        "Password policies and requirements",
        "How to reset your password",
        "Account security settings",
        "Contact support",
    ]


@each
def test_a_story_is_complete(story: Example) -> None:
    """Plain sentences, a model by its label, eight to fourteen documents of varied length with ids of their own."""
    assert story.story.endswith(".")
    assert not story.title.endswith(".")
    assert not set("<>*`$[]") & set(story.story + story.title)
    assert story.icon.startswith(":material/")
    assert story.model in ("English", "Multilingual", "v2")
    assert 1 <= story.top_n <= len(story.documents)
    if story.id == "password-reset":
        return
    assert 8 <= len(story.documents) <= 14
    assert len({document.id for document in story.documents}) == len(story.documents)
    lengths = [len(document.text) for document in story.documents]
    assert max(lengths) > 1.5 * min(lengths)
    for document in story.documents:
        assert document.metadata["title"]
        assert document.text == document.text.strip()
        assert str(document.metadata.get("url", "https://example.com/")).startswith("https://example.com/")


@each
def test_no_story_starts_with_its_best_answer(story: Example) -> None:
    """The initial order leaves something to do: no answer stands first."""
    assert 0 not in story.answers
    assert bool(story.answers) == (story.id != "no-answer")


@each
def test_reranking_brings_the_answers_to_the_top(story: Example) -> None:
    """With the suggested local model the answers take the first places, well clear of the rest."""
    scores = local_scores(story, story.model)
    top = best_first(scores)[: len(story.answers)]
    assert sorted(top) == sorted(story.answers)
    if story.answers:
        assert top[0] == story.answers[0]
        others = [score for index, score in enumerate(scores) if index not in story.answers]
        assert scores[top[-1]] > max(others)
        # Not a photo finish, which another processor's rounding could turn round.
        assert scores[top[0]] - max(others) > 0.05


@each
def test_the_warning_shows_where_nothing_answers_and_only_there(story: Example) -> None:
    """The best score is over the model's measured threshold, except in the story without an answer."""
    threshold = local_model(story.model).threshold
    assert threshold is not None
    best = max(local_scores(story, story.model))
    if story.answers:
        assert best > threshold
    else:
        assert best < threshold / 1.5


def test_the_german_story_tells_the_models_apart() -> None:
    """What the story says happens with English: a dog and an invoice before two of the three answers."""
    story = example("german-query")
    order = best_first(local_scores(story, "English"))
    places = {story.documents[index].id: place for place, index in enumerate(order)}
    for distraction in ("de-09", "de-22"):
        assert places[distraction] < min(places["en-20"], places["fr-11"])
    assert {story.documents[index].metadata["lang"] for index in story.answers} == {"de", "en", "fr"}


def ranked(story: Example, model: ModelSpec) -> list[RankedDocument]:
    """What a person sees; skips where the model cannot run, or does not claim the language of the query."""
    if offline.unavailable_reason(model.id) is not None:
        pytest.skip(f"{model.label} is not installed")
    if model.languages == "english" and language.guess(story.query) != "en":
        pytest.skip("It is a model for English")
    with Client("local") as client:
        return client.rerank(story.query, story.documents, model.id, rank_fields=TITLE_AND_TEXT).results


@pytest.mark.slow
@pytest.mark.parametrize("story", [one for one in EXAMPLES if one.answers], ids=lambda story: story.id)
@each_model_of_meaning
def test_every_model_of_the_language_puts_the_right_document_first(story: Example, model: ModelSpec) -> None:
    """Multilingual in every story, the models for English in those in English."""
    assert ranked(story, model)[0].index == story.answers[0]


@pytest.mark.slow
@each_model_of_meaning
def test_no_model_is_sure_of_an_answer_where_there_is_none(model: ModelSpec) -> None:
    """In the story without an answer."""
    scores = [row.relevance_score for row in ranked(example("no-answer"), model)]
    assert state(scores, levels(model)) != "answered"


def test_keyword_matching_misses_what_is_said_in_other_words() -> None:
    """It knows nothing of meaning: these two stories show it, and in the others the right document is first."""
    missed = {
        s.id for s in EXAMPLES if s.answers and ranked(s, local_model("Keyword matching"))[0].index != s.answers[0]
    }
    assert missed == {"product-search", "ssl-answer"}


def test_the_handbook_chapter_costs_two_documents() -> None:
    """The SSL story's long document is billed as two chunks at 500 tokens and is the only long one anywhere."""
    from rerank_core.pricing.estimates import estimate_cost

    for story in EXAMPLES:
        estimate = estimate_cost("gateflow", "rerank-english-v3.0", story.query, story.documents)
        if story.id == "ssl-answer":
            (place,) = estimate.long_documents
            assert (story.documents[place].id, estimate.chunks[place]) == ("hb-3", 2)
        else:
            assert estimate.long_documents == ()
        assert estimate.search_units == 1


def test_an_unknown_story_names_those_there_are() -> None:
    """A mistyped id raises an error whose hint lists the right ones."""
    with pytest.raises(ConfigurationError, match="password-reset"):
        example("pasword-reset")


def test_importing_the_stories_is_light() -> None:
    """Reading the examples pulls in no number cruncher, no model and no network library."""
    heavy = ("numpy", "pandas", "onnxruntime", "bm25s", "streamlit", "httpx", "openpyxl")
    code = f"import sys, rerank_core.samples; sys.exit(', '.join(m for m in {heavy!r} if m in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
