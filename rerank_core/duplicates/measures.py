"""The two measures of likeness, their thresholds, and what was measured to set them.

`python -m tests.benchmarks.bench_duplicates` prints the figures. They were made in November 2026 of XQuAD (240
Wikipedia paragraphs and 1,190 questions on them in English, German and Spanish), and of 48 sentences of a support desk
written for it, each with the same in other words and with a small change that says another thing. Near-copies and
changed numbers were made from the paragraphs and questions. What is measured on them is no promise for other texts:
a maker's spare parts whose descriptions differ in a size are all near-copies.

Two rules set the thresholds, one for each thing that a measure is for:

- wording finds near-copies: the highest threshold, in steps of 0.05, that finds 95 % of the near-copies, of
  paragraphs and of questions;
- meaning finds what is worth a look: the lowest threshold, in steps of 0.01, at which at most 5 % of the pairs of
  different texts on one subject are found (half paragraphs of one article, half questions on one paragraph), and at
  most 10 in a million of the pairs on different subjects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from rerank_core.errors import ModelNotFoundError
from rerank_core.offline.models import ENGLISH, MULTILINGUAL

Measure = Literal["wording", "meaning"]

WORDING: Final = "wording"
"""The share of runs of four characters that two texts have in common, 0..1 (`wording.shared_wording`)."""

MEANING: Final = "meaning"
"""The cosine of two texts' vectors by a local model, -1..1 (`meaning.alike`)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a measure counts: pairs under `floor` are not kept, and `threshold` is where the app begins.

    The other figures are shares, 0..1, of pairs at or above `threshold` as measured: `copies` of near-copies of
    questions (of paragraphs more are found), `reworded` of the same in other words, `changed` of questions whose
    meaning one number changed, `related` of different questions on one paragraph; and `unrelated` per million pairs
    of questions on different subjects.
    """

    floor: float
    threshold: float
    copies: float
    reworded: float
    changed: float
    related: float
    unrelated: int


_WORDING = Scale(floor=0.3, threshold=0.7, copies=0.963, reworded=0.0, changed=1.0, related=0.003, unrelated=0)
_MEANING = {
    # English questions and paragraphs only: the model is not made for other languages.
    ENGLISH: Scale(floor=0.4, threshold=0.77, copies=0.965, reworded=0.281, changed=1.0, related=0.082, unrelated=0),
    MULTILINGUAL: Scale(
        floor=0.88, threshold=0.94, copies=0.938, reworded=0.25, changed=1.0, related=0.073, unrelated=0
    ),
}

RELEVANCE_WARNING: Final = (
    "A reranker was asked how well each text answers the reference as if that were a question. High scores often "
    "stand for the same subject and not for the same text: read the wording and the meaning with them. No threshold "
    "has been measured for it."
)


def scale(measure: Measure, model: str | None = None) -> Scale:
    """The scale of a measure; that of meaning belongs to a local model.

    Raises ModelNotFoundError for meaning by a model that makes no vectors.
    """
    if measure == WORDING:
        return _WORDING
    if model not in _MEANING:
        raise ModelNotFoundError(
            "Meaning can only be compared by a model that makes vectors.", hint=f"Use {' or '.join(_MEANING)}."
        )
    return _MEANING[model]


def explain(measure: Measure, model: str | None = None) -> tuple[str, ...]:
    """What the scores of a measure mean here, in the first sentence, and in the others where they mislead."""
    figures = scale(measure, model)
    level = f"{figures.threshold:.2f}"
    if measure == WORDING:
        return (
            f"The score is the share of runs of four characters that two texts have in common; from {level} on they "
            "are nearly the same word for word.",
            f"One changed number hardly moves it: of short texts in which we changed a number, so that they say "
            f"another thing, {_percent(figures.changed)} were at or above {level}. Read what differs.",
            f"It knows nothing of meaning: of sentences said again in other words it finds "
            f"{_percent(figures.reworded)}. Look for similar meaning to find those.",
            f"It finds {_percent(figures.copies)} of short texts copied with a typing error, a word left out or "
            "another case, and more of long ones. Similar wording is no proof of a copy: product descriptions that "
            "differ in a size are all near-copies.",
        )
    return (
        f"The score is how alike a local model finds two texts, up to 1. From {level} on they are worth a look: it "
        "says similar, not same.",
        f"It cannot tell the same from the opposite: of short texts in which we changed a number, "
        f"{_percent(figures.changed)} were at or above {level}, more than of those said again in other words "
        f"({_percent(figures.reworded)}). Read what differs.",
        f"Different texts on one subject come close: of questions on the same paragraph {_percent(figures.related)} "
        f"were at or above {level}. Of pairs on different subjects {figures.unrelated or 'none'} in a million were.",
        *(
            (
                "The same text in another language counts as similar: a translation is no duplicate to clear away.",
                "This model's scores lie close together: two texts with nothing in common have about 0.8.",
            )
            if model == MULTILINGUAL
            else ("It was made for English. Texts in another language look more alike to it than they are.",)
        ),
        "Of long texts every part is compared with the part nearest to it, and the text that has less in common "
        "decides, so a short text inside a long one is not found by meaning.",
    )


def _percent(share: float) -> str:
    return "all" if share > 0.995 else "none" if share < 0.005 else f"{share:.0%}"
