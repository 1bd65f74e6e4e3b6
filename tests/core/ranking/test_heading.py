"""The title above a document, said once."""

from __future__ import annotations

import pytest

from rerank_core.exports.answers import answer_text
from rerank_core.models import Document
from rerank_core.ranking.heading import heading
from rerank_core.ranking.orders import label_of


@pytest.mark.parametrize(
    ("text", "metadata", "shown"),
    [
        ("Pause\n\nOpen it.", {"title": "Pause"}, ("Pause", "Open it.")),
        ("Fees\n\nNone.", {"title": "Pause", "section": "Pause > Fees"}, ("Pause > Fees", "None.")),
        ("Fees apply.", {"title": "Pause", "section": "Pause > Fees"}, ("Pause", "Fees apply.")),
        ("Fees", {"title": "Pause", "section": "Pause > Fees"}, ("Pause", "Fees")),
        ("Fees", {"section": "Fees"}, (None, "Fees")),
        ("Pause", {"title": "Pause"}, (None, "Pause")),
        ("x", {"title": "T", "section": 3}, ("T", "x")),
    ],
)
def test_title_and_section_stand_above_the_text(
    text: str, metadata: dict[str, object], shown: tuple[str | None, str]
) -> None:
    """What the heading says the text below it does not say again; a sentence keeps its words."""
    assert heading(Document(text, metadata=metadata)) == shown


def test_sections_of_one_file_are_told_apart_in_a_sentence() -> None:
    """They have the same title, so the label has their own heading too."""
    sections = [Document(f"{name}\n\ntext", metadata={"title": "Guide", "section": name}) for name in ("Mac", "Linux")]
    assert [label_of(document) for document in sections] == ["Guide > Mac", "Guide > Linux"]


def test_an_answer_says_its_title_once() -> None:
    """As the place that it is from, below the text."""
    document = Document("Pause\n\nOpen it.", metadata={"title": "Pause", "url": "https://x.test/p"})
    assert answer_text(document) == "Open it.\n\nPause https://x.test/p"
