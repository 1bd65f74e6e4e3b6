"""Ratings that are words, letters or marks, in English, German, French, Spanish, Italian, Portuguese and Dutch."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

from rerank_core.documents.tables import fields
from rerank_core.evaluation.grades.numbers import Read

RATING_NAMES = fields.listed_names(
    "rating, grade, relevance, judgment, judgement, label, relevance grade, rel, relevant, relevant?, relevance label, "
    "relevance rating, relevance judgment, relevance judgement, relevancy, esci label, esci, gain, human rating, "
    "human label, human grade, human judgment, human judgement, human relevance, gold label, gold, ground truth, "
    "graded relevance, llm rating, llm grade, llm judgment, bewertung, relevanz, relevanzgrad, relevanzurteil, urteil, "
    "einstufung, pertinence, évaluation, jugement, relevancia, calificación, calificacion, valoración, valoracion, "
    "puntuación, puntuacion, juicio, rilevanza, valutazione, giudizio, voto, relevância, avaliação, avaliacao, "
    "classificação, classificacao, julgamento, beoordeling, relevantie, waardering, oordeel"
)
"""Names of a column of ratings; compared as those of `documents.tables.fields` are."""

DOUBTFUL_RATING_NAMES = fields.listed_names(
    "note, schulnote, zensur, school grade, nota, annotation, "
    "stars, sterne, étoiles, estrellas, stelle, estrelas, sterren, verdict, score label, mark, "
    "marks, ok, ok?, match, passt, passt?, correct, correct?, useful, useful?, helpful, helpful?, thumbs, vote"
)
"""Names that a column of ratings may have as well as another one, such as remarks: what is in it decides."""

_YES = (
    "yes, y, true, t, correct, ja, j, wahr, richtig, stimmt, oui, o, vrai, v, si, s, verdadero, correcto, vero, "
    "corretto, sim, verdadeiro, correto, waar, juist"
)
_NO = (
    "no, n, false, f, incorrect, nein, falsch, non, faux, falso, incorrecto, nao, incorreto, nee, neen, onwaar, onjuist"
)
_PARTLY = (
    "partly, partially, partial, maybe, somewhat, half, teilweise, teils, zum teil, vielleicht, eventuell, bedingt, "
    "jein, halb, partiellement, en partie, partiel, partielle, peut etre, un peu, plus ou moins, parcialmente, "
    "en parte, parcial, quiza, quizas, tal vez, a medias, un poco, mas o menos, parzialmente, in parte, parziale, "
    "forse, un po, piu o meno, em parte, talvez, um pouco, mais ou menos, gedeeltelijk, deels, ten dele, misschien, "
    "een beetje"
)
_BEST = "perfect, perfekt, parfait, parfaite, perfecto, perfecta, perfetto, perfetta, perfeito, perfeita"
_DEGREES = {
    3: f"{_BEST}, excellent, exact, exact match, highly relevant, very relevant, fully relevant, perfectly relevant, "
    "very good, ausgezeichnet, exzellent, hervorragend, genau, exakt, sehr relevant, hoch relevant, hochrelevant, "
    "voll relevant, sehr gut, excellente, exacte, tres pertinent, tres bon, excelente, exacto, muy relevante, "
    "muy pertinente, muy bueno, eccellente, esatto, molto rilevante, molto pertinente, ottimo, molto buono, exato, "
    "muito relevante, muito pertinente, muito bom, uitstekend, zeer relevant, heel relevant, zeer goed",
    2: "relevant, good, mostly relevant, substitute, gut, passend, uberwiegend relevant, ersatz, pertinent, bon, "
    "bonne, substitut, relevante, pertinente, bueno, sustituto, rilevante, buono, sostituto, bom, substituto, goed",
    1: f"{_PARTLY}, partially relevant, partly relevant, somewhat relevant, slightly relevant, marginally relevant, "
    "related, fair, ok, okay, complement, teilweise relevant, etwas relevant, wenig relevant, kaum relevant, "
    "bedingt relevant, mittel, mittelmassig, erganzung, partiellement pertinent, peu pertinent, moyen, passable, "
    "parcialmente relevante, parcialmente pertinente, poco relevante, poco pertinente, regular, complemento, "
    "parzialmente rilevante, parzialmente pertinente, poco rilevante, discreto, sufficiente, pouco relevante, "
    "razoavel, gedeeltelijk relevant, deels relevant, enigszins relevant, weinig relevant, matig",
    0: f"{_NO}, not relevant, irrelevant, non relevant, unrelated, bad, poor, wrong, off topic, nicht relevant, "
    "unpassend, schlecht, non pertinent, pas pertinent, hors sujet, mauvais, no relevante, irrelevante, "
    "no pertinente, malo, non rilevante, irrilevante, cattivo, scarso, nao relevante, ruim, mau, niet relevant, slecht",
}
_LETTERS = {"e": 3, "s": 2, "c": 1, "i": 0}
_NO_RATING = (
    "n/a, na, n.a., nan, null, none, unrated, not rated, unjudged, not judged, skip, skipped, ?, -, –, —, k.a., "
    "keine angabe, nicht bewertet, nv, #nv, #n/a, non note, sin calificar, non valutato, nao avaliado, niet beoordeeld"
)
_YES_MARKS = (
    "✓, ✔, ☑, ✅, √, 🗸, 👍, +, thumbs up, thumbsup, thumb up, up, upvote, like, :+1:, :thumbsup:, "
    "daumen hoch, pouce en haut"
)
_NO_MARKS = (
    "✗, ✘, ❌, ✖, ☒, ☐, ×, 👎, −, thumbs down, thumbsdown, thumb down, down, downvote, dislike, :-1:, :thumbsdown:, "
    "daumen runter, pouce en bas"
)
# Skin tones of a thumb, and the sign that asks for the coloured picture of a character.
_SHADES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]")
_WORDS = "The ratings are words, which count as grades"


def normal(value: str) -> str:
    """A value as it is compared here: in small letters, without accents, `-` and `_` as spaces; a sign stays."""
    spaced = fields.normal(value) or value.strip().casefold()
    apart = unicodedata.normalize("NFD", spaced.replace("'", "").replace("’", ""))
    return "".join(char for char in apart if not unicodedata.combining(char)).rstrip("!. ") or spaced


def _set(listed: str) -> frozenset[str]:
    return frozenset(fields.listed_names(listed))


_YES_WORDS, _NO_WORDS, _PARTLY_WORDS, _BEST_WORDS = map(_set, (_YES, _NO, _PARTLY, _BEST))
_DEGREE_OF = {word: grade for grade, words in _DEGREES.items() for word in fields.listed_names(words)}
_EXCELLENT = frozenset(
    fields.listed_names("excellent, excellente, ausgezeichnet, exzellent, excelente, eccellente, uitstekend")
)
_NO_RATING_WORDS, _YES_SIGNS, _NO_SIGNS = map(_set, (_NO_RATING, _YES_MARKS, _NO_MARKS))


def no_rating(values: Collection[str]) -> frozenset[str]:
    """Those of the values that say that there is no rating. A minus among plus signs is a rating."""
    signs = "+" in values
    return frozenset(
        value
        for value in values
        if (value.casefold() in _NO_RATING_WORDS or normal(value) in _NO_RATING_WORDS) and not (signs and value == "-")
    )


def letters(values: Collection[str]) -> Read:
    """E, S, C and I: exact, substitute, complement and irrelevant, as Amazon's shopping queries (ESCI) have them."""
    if not all(value.casefold() in _LETTERS for value in values):
        return Read({})  # a C among other letters is something else
    found = {value: _LETTERS[value.casefold()] for value in values}
    how = "The ratings are letters (exact, substitute, complement, irrelevant), which count as grades"
    return Read(found, how, listed=True)


def yes_and_no(values: Collection[str]) -> Read:
    """Yes and no as 1 and 0; as 2 and 0 where there is something between them, which then is 1."""
    words = {value: normal(value) for value in values}
    if not any(word in _YES_WORDS or word in _NO_WORDS for word in words.values()):
        return Read({})
    yes = 2 if any(word in _PARTLY_WORDS for word in words.values()) else 1

    def grade(word: str) -> int | None:
        return yes if word in _YES_WORDS else 0 if word in _NO_WORDS else 1 if word in _PARTLY_WORDS else None

    return _read(words, grade, _WORDS)


def degrees(values: Collection[str]) -> Read:
    """Words such as "perfect", "good", "fair" and "bad", from 3 down to 0; "perfect" is 4 beside "excellent"."""
    words = {value: normal(value) for value in values}
    both = not _BEST_WORDS.isdisjoint(words.values()) and not _EXCELLENT.isdisjoint(words.values())

    def grade(word: str) -> int | None:
        return 4 if both and word in _BEST_WORDS else _DEGREE_OF.get(word)

    return _read(words, grade, _WORDS)


def marks(values: Collection[str]) -> Read:
    """Check marks, crosses and thumbs. A cross alone marks what fits; beside check marks it marks what does not."""
    signs = {value: _SHADES.sub("", value).casefold() for value in values}
    words = {value: sign if sign in _YES_SIGNS | _NO_SIGNS else normal(sign) for value, sign in signs.items()}
    checked = any(word in _YES_SIGNS for word in words.values())

    def grade(word: str) -> int | None:
        if word == "x":
            return 0 if checked else 1
        return 1 if word in _YES_SIGNS else 0 if word in _NO_SIGNS or (word == "-" and checked) else None

    return _read(words, grade, "The ratings are marks, which count as grades")


def _read(words: dict[str, str], grade: Callable[[str], int | None], how: str) -> Read:
    grades = {value: found for value, word in words.items() if (found := grade(word)) is not None}
    return Read(grades, how, listed=True)
