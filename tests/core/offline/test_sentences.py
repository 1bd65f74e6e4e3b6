"""Where sentences end, in several languages and kinds of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.offline.sentences import sentence_spans

MARKS = st.text(st.sampled_from("aB1 .!?…\"'”)」。！？।\n\r-«¿x"), max_size=80)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? Three! four", ["One.", "Two?", "Three! four"]),
        ("It is 3.5 m, e.g. here. Then", ["It is 3.5 m, e.g. here.", "Then"]),
        ('He said "No." Then left. (Later.) End', ['He said "No."', "Then left.", "(Later.)", "End"]),
        ("1. Open it. 2. Close it.", ["1. Open it.", "2. Close it."]),
        ("Dr. Who met J. Smith. They spoke.", ["Dr. Who met J. Smith.", "They spoke."]),
        ("Am 31. Dezember 2015. Das ist z. B. Öl.", ["Am 31. Dezember 2015.", "Das ist z. B. Öl."]),
        ("¿Qué pasa? ¡Nada! Él duerme.", ["¿Qué pasa?", "¡Nada!", "Él duerme."]),
        ("パスワードを忘れた。設定を開く！次へ", ["パスワードを忘れた。", "設定を開く！", "次へ"]),
        ("彼は「はい。」と言った。「いいえ。」", ["彼は「はい。」と言った。", "「いいえ。」"]),
        ("面积是３．５米．下一句", ["面积是３．５米．", "下一句"]),
        ("안녕하세요. 비밀번호를 바꾸세요. 끝", ["안녕하세요.", "비밀번호를 바꾸세요.", "끝"]),
        ("هل نسيت؟ افتح الصفحة. انتهى.", ["هل نسيت؟", "افتح الصفحة.", "انتهى."]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("Привет. Как дела? Хорошо.", ["Привет.", "Как дела?", "Хорошо."]),
        ("a folded\nline of mail\nNew line\n\nnext", ["a folded\nline of mail", "New line", "next"]),
        ("- one\r\n- two", ["- one", "- two"]),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text, sentences):
    """Each is cut where a reader of the language would, and abbreviations, numbers and folded lines go on."""
    assert [text[start:stop] for start, stop in sentence_spans(text)] == sentences


@given(MARKS)
def test_nothing_is_lost_but_spaces(text):
    """The places ascend and do not overlap, none is blank or begins or ends in a space, and between them are spaces."""
    spans = sentence_spans(text)
    ends = [0, *(place for span in spans for place in span), len(text)]
    assert ends == sorted(ends)
    for start, stop in spans:
        assert text[start:stop].strip() == text[start:stop] != ""
    between = [*zip(ends[0::2], ends[1::2], strict=True)]
    assert all(not text[start:stop].strip() for start, stop in between)
