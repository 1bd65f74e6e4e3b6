"""The sentence over a result: what became of the best answer, and how sure the model is of it.

Every page takes its headline from here, so that none praises a rise that the next one calls weak.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from rerank_core.models import RerankResponse
from rerank_core.ranking.comparison import COUNTS, OrderAgreement, RankDifference, percent
from rerank_core.ranking.keeping import reaches
from rerank_core.ranking.orders import Comparison, Move, compare_response, label_of, short_label
from rerank_core.ranking.strength import Levels, State, state

NOTHING = "Nothing here answers this well"
"""How every sentence begins that says of a list that none of it is an answer."""

_VERBS: dict[State, tuple[str, str]] = {
    "answered": ("is sure of its first result", "are sure of their first results"),
    "unsure": ("is unsure", "are unsure"),
    "nothing": ("finds no answer", "find no answer"),
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def summarise_response(
    response: RerankResponse, top: int = 3, *, at: Levels | None = None, threshold: float | None = None
) -> str:
    """One sentence about a run, without a full stop; documents are called by their title or text.

    `at` are the levels of the model (see `rerank_core.ranking.strength`), `threshold` is the score under which a person
    wants nothing; each None where there is none. Nothing that lies under either is praised. Three kinds of sentence
    for three states: "The best answer stayed first: 'Wi-Fi drops'; 4 of 10 moved", "Unsure: 'Wi-Fi drops' may answer
    this; it rose from 7 to 1; …", "Nothing here answers this well: even the best score, 0.017, is weak; …".
    Without levels it says what moved and calls nothing an answer.
    """
    documents = response.request.documents
    scores: dict[Hashable, float | None] = {row.index: row.relevance_score for row in response.results}

    def label(key: Hashable) -> str:
        return label_of(documents[key]) if isinstance(key, int) else str(key)

    line = max((level for level in (at.possible if at else None, threshold) if level is not None), default=None)
    worth = {key: reaches(score, line) for key, score in scores.items()}
    found = compare_response(response)
    said = state(scores.values(), at)
    moved = _moved(found, top, worth)
    if said == "nothing":
        return f"{NOTHING}: even the best score, {_best(scores):.3f}, is weak; {moved}"
    if threshold is not None and any(score is not None for score in scores.values()) and not any(worth.values()):
        return f"No result reaches the threshold of {threshold:.2f}; {moved}"
    if said is None or not found.moves:
        return summary(found, label, top, worth)
    first = found.moves[0]
    name = f"'{short_label(label(first.key))}'"
    if said == "unsure":
        return f"Unsure: {name} may answer this{_path(first)}; {moved}"
    if first.change:
        return f"The best answer rose from {first.was:,} to 1: {name}; {moved}"
    return f"The best answer stayed first: {name}; {moved}"


def summary(
    comparison: Comparison,
    label: Callable[[Hashable], str] = str,
    top: int = 3,
    worth: Mapping[Hashable, bool] | None = None,
) -> str:
    """What moved, in one sentence without a full stop: "'Wi-Fi drops' rose from 7 to 1; 4 of 10 moved; two documents
    are new in the top 3".

    `label` gives the text by which a document is called, cut here to LABEL_LENGTH characters. The document named is
    the first: the one that rose to it or stayed there. `worth` says of each document whether its rise may be praised;
    all may where it is None. Documents in only one of the orders count neither as moved nor as unmoved.
    """
    moved = _moved(comparison, top, worth)
    if len(comparison.moves) < 2 or not comparison.moved:
        return moved[0].upper() + moved[1:]
    first = comparison.moves[0]
    if first.change is None or not (worth or {}).get(first.key, worth is None):
        return moved
    name = f"'{short_label(label(first.key))}'"
    return f"{name} {f'rose from {first.was:,} to 1' if first.change else 'stayed first'}; {moved}"


def agreement_text(found: OrderAgreement, names: Sequence[str], label: Callable[[int], str]) -> str:
    """The agreement in one sentence for a person, without a full stop.

    `names` are what the orders are called, `label` what a document is. "All three put 'Wi-Fi drops' first; 2 of the
    top 3 are the same for all; English and v2 differ most: 76% of all pairs of documents stand in the same order".
    """
    return "; ".join(agreement_parts(found, names, label))


def agreement_parts(found: OrderAgreement, names: Sequence[str], label: Callable[[int], str]) -> list[str]:
    """The parts of `agreement_text`, the most important first: what stands first, then how far the orders agree."""
    if len(names) < 2:
        return [f"{names[0]} puts '{label(found.firsts[0])}' first", "choose a second model to compare it with"]
    everybody = "Both" if len(names) == 2 else f"All {COUNTS[len(names)] if len(names) < 5 else len(names)}"
    if found.identical:
        return [f"{everybody} give the same order"]
    if found.same_first:
        parts = [f"{everybody} put '{label(found.firsts[0])}' first"]
    else:
        who: dict[int, list[str]] = {}
        for index, name in zip(found.firsts, names, strict=True):
            who.setdefault(index, []).append(name)
        said = ", ".join(f"'{label(index)}' for {listed(some)}" for index, some in who.items())
        parts = [f"They differ on the first place: {said}"]
    common = len(found.common_top)
    if found.k > 1:
        for_all = "" if len(names) == 2 else " for all"
        how_many = "none" if not common else f"{common}" if common < found.k else f"all {found.k}"
        parts.append(f"{how_many} of the top {found.k} {'is' if common == 1 else 'are'} the same{for_all}")
    farthest = found.farthest
    if farthest is not None:
        pairs = f"{percent(farthest.same_pairs)}% of all pairs of documents stand in the same order"
        if len(names) > 2:
            pairs = f"{names[farthest.first]} and {names[farthest.second]} differ most: {pairs}"
        parts.append(pairs)
    return parts


def disagreement_text(found: Sequence[RankDifference], names: Sequence[str], label: Callable[[int], str]) -> str | None:
    """The document they disagree on most, in a sentence without a full stop; None where they agree on all.

    `found` as `differences` gives it.
    """
    if len(names) < 2 or not found or not found[0].spread:
        return None
    return f"They disagree most on '{label(found[0].index)}': {found[0].text(names)}"


def states_text(states: Sequence[State | None], names: Sequence[str]) -> str | None:
    """How sure several models are of their own first result, without a full stop; None where each that has levels is.

    "English is sure of its first result; Multilingual is unsure; v2 finds no answer". Where all find nothing, a
    sentence that begins with NOTHING.
    """
    by: dict[State, list[str]] = {}
    for said, name in zip(states, names, strict=True):
        if said is not None:
            by.setdefault(said, []).append(name)
    if not by or set(by) == {"answered"}:
        return None
    if set(by) == {"nothing"}:
        return f"{NOTHING}: even the best score is weak, by the own scale of {listed(by['nothing'])}"
    parts = [f"{listed(by[said])} {verb[len(by[said]) > 1]}" for said, verb in _VERBS.items() if said in by]
    return "; ".join(parts)


def listed(names: Sequence[str]) -> str:
    """Names as a list for a sentence: "English", "English and v2", "English, Multilingual and v2"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _moved(comparison: Comparison, top: int, worth: Mapping[Hashable, bool] | None) -> str:
    """How many moved, and what is new at the top as far as it may be praised."""
    both = [move for move in comparison.moves if move.change is not None]
    if not comparison.moves:
        return "there are no documents"
    if len(comparison.moves) == 1:
        return "there is only one document, so nothing can move"
    if not comparison.moved:
        how_many = f"{'both' if len(both) == 2 else 'all ' + _number(len(both))} documents keep their places"
        return f"nothing moved: {how_many if len(both) > 1 else 'the one document returned keeps its place'}"
    said = f"{comparison.moved:,} of {len(both):,} moved"
    if sum(1 for move in comparison.moves if move.now is not None) <= top:
        return said
    fresh = [move for move in comparison.moves if move.now and move.now <= top and (move.was is None or move.was > top)]
    if not fresh:
        return f"{said}; the top {top} holds the same documents"
    good = sum(1 for move in fresh if worth is None or worth.get(move.key, False))
    if not good:
        return said
    return f"{said}; {_number(good)} {'document is' if good == 1 else 'documents are'} new in the top {top}"


def _path(first: Move) -> str:
    if first.change is None:
        return ""
    return f"; it rose from {first.was:,} to 1" if first.change else "; it stayed first"


def _best(scores: Mapping[Hashable, float | None]) -> float:
    return max(score for score in scores.values() if score is not None)


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"
