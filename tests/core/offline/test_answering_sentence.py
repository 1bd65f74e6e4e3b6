"""Which sentence of a text a local model takes for the one that matches the query."""

from __future__ import annotations

import pytest

from rerank_core.offline.answering_sentence import answering_sentence
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL

REFUND = (
    "Thank you for staying with us. Breakfast is served from seven to ten. If your flight was cancelled you get your "
    "money back within five days. The pool is on the roof."
)
EVERY = pytest.mark.parametrize("model", [ENGLISH, MULTILINGUAL, KEYWORD, CROSS_ENCODER])


def marked(model: str, query: str, text: str, **window: tuple[int, int]) -> str | None:
    """The sentence as text."""
    span = answering_sentence(model, query, text, **window)
    return None if span is None else text[span.start : span.stop]


@EVERY
def test_the_sentence_that_answers_is_found(model):
    """Among sentences about other things every model finds the one that is asked for, with its own score."""
    query = "My flight was cancelled, do I get my money back?"
    assert marked(model, query, REFUND) == "If your flight was cancelled you get your money back within five days."
    span = answering_sentence(model, query, REFUND)
    assert span is not None
    assert span.score is not None
    assert 0 < span.score < 1


@pytest.mark.parametrize(
    ("query", "text", "answer"),
    [
        (
            "Wann wird das Frühstück serviert?",
            "Der Pool ist auf dem Dach. Frühstück gibt es von sieben bis zehn Uhr. Haustiere sind willkommen.",
            "Frühstück gibt es von sieben bis zehn Uhr.",
        ),
        (
            "¿A qué hora es el desayuno?",
            "La piscina está en la azotea. El desayuno se sirve de siete a diez. ¡Bienvenidos!",
            "El desayuno se sirve de siete a diez.",
        ),
        (
            "朝食は何時からですか",
            "プールは屋上にあります。朝食は七時から十時までです。ペットも歓迎します。",
            "朝食は七時から十時までです。",
        ),
        (
            "When is breakfast served?",
            "Der Pool ist auf dem Dach. Frühstück gibt es von sieben bis zehn Uhr. Haustiere sind willkommen.",
            "Frühstück gibt es von sieben bis zehn Uhr.",
        ),
    ],
)
def test_in_other_languages_and_across_them(query, text, answer):
    """German, Spanish, Japanese, and an English question to a German text."""
    assert marked(MULTILINGUAL, query, text) == answer


@EVERY
@pytest.mark.parametrize("text", ["", "  ", "One sentence is all there is of the money.", "***\n---\nOnly this."])
def test_one_sentence_leaves_nothing_to_choose(model, text):
    """A text of one sentence is its own answer: nothing is marked."""
    assert answering_sentence(model, "money", text) is None


def test_keywords_mark_nothing_where_no_word_is_shared():
    """The keyword model has no opinion about sentences without any word of the query."""
    assert answering_sentence(KEYWORD, "zebra crossing", "The pool is open. Breakfast is at ten.") is None


@pytest.mark.parametrize("model", [ENGLISH, CROSS_ENCODER])
def test_of_a_long_text_only_the_part_that_carries_the_score(model):
    """The best window of a long text is found, or told, and no sentence outside it is looked at."""
    filler = "The gardens were laid out along the river in the same year. " * 60
    answer = "A lost password is reset from the sign-in page."
    text = filler + answer + " " + filler
    query = "How do I reset a lost password?"
    assert marked(model, query, text) == answer
    beginning = marked(model, query, text, window=(0, 1_000))
    assert beginning is not None
    assert answer not in beginning
    seen: list[int] = []
    answering_sentence(model, query, text, window=(0, 1_000), on_progress=lambda _done, total: seen.append(total))
    assert set(seen) <= {16, 17}  # sentences of 60 characters in the window, and no more


def test_the_work_can_be_stopped():
    """What the caller raises when it is told of progress ends the work."""

    class Enough(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        answering_sentence(KEYWORD, "pool", REFUND, on_progress=stop)


def test_equal_sentences_mark_the_first():
    """Of two that say the same the first is marked."""
    span = answering_sentence(ENGLISH, "Where is the pool?", "The pool is upstairs. Eat. The pool is upstairs.")
    assert span is not None
    assert (span.start, span.stop) == (0, 21)
