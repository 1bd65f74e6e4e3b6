"""Which file is read how: encodings, endings, Markdown, and files that are something else."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import FILE_KINDS, Limits, ParsedDocuments, decoding, read_documents
from rerank_core.documents.isolated.reader import read_isolated
from rerank_core.documents.kinds import EXTRACTED_KINDS
from rerank_core.errors import InvalidDocumentsError

TABLE = "id,text\n1,Größe „ä“ – 5 €\n"


def texts(parsed: ParsedDocuments) -> list[str]:
    return [document.text for document in parsed.documents]


def reason_of(name: str, data: bytes, **limits: int) -> str:
    parsed = read_documents(name, data, limits=Limits(**limits))
    assert not parsed.documents
    (problem,) = parsed.problems
    assert problem.line == 0
    assert parsed.source == name
    return problem.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_are_recognised(encoding: str) -> None:
    """UTF-8, UTF-16 with and without mark and Windows-1252 give the same text; the last is told."""
    parsed = read_documents("a.csv", TABLE.encode(encoding))
    assert texts(parsed) == ["Größe „ä“ – 5 €"]
    assert bool(parsed.notes) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("gb18030", "gb18030", "编号,内容\n1,如果忘记密码，请在登录页面点击“忘记密码”链接。\n"),
        ("cp1251", "cp1251", "id;text\n1;Как восстановить пароль: нажмите ссылку на странице входа\n"),
        ("cp1250", "cp1250", "id;text\n1;Jak změnit heslo: klikněte na odkaz Zapomenuté heslo, příliš žluťoučký\n"),
        ("mac-roman", "mac-roman", "id;text\n1;Passwort zurücksetzen: größer Knopf, Öffnungszeiten für alle\n"),
        ("shift_jis", "cp932", "番号,本文\n1,パスワードを忘れた場合は、ログインページでリセットしてください。\n"),
        ("euc_kr", "cp949", "번호,본문\n1,비밀번호를 잊으셨다면 로그인 페이지에서 재설정하세요.\n"),
        ("cp1253", "cp1253", "id;text\n1;Επαναφορά κωδικού. Ανοίξτε τις ρυθμίσεις\n"),
        ("cp1252", "cp1252", "id;text\n1;l’été à l’œuvre, ¿mañana?, 1½ Stück, “…” Dušan, Übergröße\n"),
    ],
)
def test_old_encodings_are_guessed_and_said(encoding: str, codec: str, text: str) -> None:
    """A text that is neither UTF-8 nor reads like a Western language gets the encoding that suits it best."""
    parsed = read_documents("a.csv", text.encode(encoding))
    assert texts(parsed) == [re.split("[,;]", text.splitlines()[1], maxsplit=1)[1]]
    assert parsed.encoding == codec
    assert parsed.notes[0].startswith(f"This file was read as {decoding.ENCODINGS[codec].partition(' (')[0]}")


def test_an_encoding_can_be_asked_for() -> None:
    """What is asked for decides, whatever the bytes look like; bytes that do not fit show and are told."""
    data = "1;сброс пароля".encode("koi8-r")
    parsed = read_documents("a.txt", data, {"encoding": "KOI8_R"})
    assert (texts(parsed), parsed.encoding, parsed.notes) == (["1;сброс пароля"], "koi8-r", ())
    assert "could not be read" in read_documents("a.txt", data, {"encoding": "utf-8"}).notes[0]
    with pytest.raises(InvalidDocumentsError, match="no encoding called 'base64'"):
        read_documents("a.txt", data, {"encoding": "base64"})


def test_utf16_big_endian_with_mark() -> None:
    """The other byte order has a mark of its own."""
    assert texts(read_documents("a.txt", b"\xfe\xff" + "Größe\nb".encode("utf-16-be"))) == ["Größe", "b"]


def test_one_bad_byte_does_not_turn_utf8_into_something_else() -> None:
    """A file that is nearly all good UTF-8 is read as that; the bad byte shows and is told."""
    parsed = read_documents("a.txt", ("äöüß" * 20).encode() + b"\xff\nnext")
    assert texts(parsed) == ["äöüß" * 20 + "\ufffd", "next"]
    assert parsed.notes == ("1 place in this file could not be read and show as \ufffd.",)


def test_bytes_that_windows_1252_lacks_are_read_as_latin_1() -> None:
    """Five byte values mean nothing in Windows-1252; the text around them is kept."""
    assert texts(read_documents("a.txt", b"caf\xe9 \x81 some more text around it"))[0].startswith("café")


def test_a_text_file_splits_as_a_paste_does() -> None:
    """Lines, paragraphs or JSON, whichever it is."""
    assert read_documents("a.txt", b"a\nb").mode == "lines"
    assert texts(read_documents("a.txt", b"a\nb\n\nc")) == ["a\nb", "c"]
    assert texts(read_documents("a.TXT", b'["a", "b"]')) == ["a", "b"]


def test_surrogates_and_nul_survive_a_file() -> None:
    """A lone surrogate, written as UTF-8 would write it, and a NUL among letters come through."""
    data = "a long enough line with \ud800 and \x00 in it".encode("utf-8", "surrogatepass")
    assert texts(read_documents("a.txt", data)) == ["a long enough line with \ud800 and \x00 in it"]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("form", ["array", "lines", "object"])
def test_json_files(name: str, form: str) -> None:
    """An array, lines of objects and an object around a list are read under any of the endings."""
    items = [{"text": "a", "id": 1, "lang": "de"}, {"text": "b", "id": 2, "lang": "en"}]
    text = {
        "array": json.dumps(items, indent=1),
        "lines": "\n".join(map(json.dumps, items)),
        "object": json.dumps({"documents": items}, indent=1),
    }[form]
    parsed = read_documents(name, text.encode())
    assert [(d.text, d.id, d.metadata) for d in parsed.documents] == [
        ("a", "1", {"lang": "de"}),
        ("b", "2", {"lang": "en"}),
    ]
    assert parsed.mode == ("json" if name == "a.json" else "jsonl")
    assert (parsed.columns, parsed.chosen) == (("text", "id", "lang"), {"text": "text", "id": "id"})


def test_bad_lines_of_json_lines_are_problems() -> None:
    """A damaged line, a number and an object without text are named by line; the others stay."""
    parsed = read_documents("a.jsonl", b'{"text": "a"}\n{"text": \n5\n\n{"no": 1}\n{"text": "b"}')
    assert texts(parsed) == ["a", "b"]
    assert [problem.line for problem in parsed.problems] == [2, 3, 5]


def test_beir_lines_are_read() -> None:
    """`_id`, `title` and `text`, as retrieval collections have them."""
    parsed = read_documents("corpus.jsonl", b'{"_id": "MED-1", "title": "T", "text": "a"}')
    assert (parsed.documents[0].id, parsed.documents[0].metadata) == ("MED-1", {"title": "T"})


def test_damaged_json_files_name_the_place() -> None:
    """Line and column of the damage, and no documents."""
    parsed = read_documents("a.json", b'["a",\n"b"')
    assert parsed.documents == ()
    assert parsed.problems == (
        (2, "The JSON is damaged at line 2, column 4: a comma or a closing bracket is missing."),
    )


def test_keys_of_json_files_can_be_chosen() -> None:
    """As columns of a table; an item without the chosen key is a problem."""
    data = b'[{"text": "a", "note": "n", "sku": 7}, {"text": "b"}]'
    parsed = read_documents("a.json", data, {"text": "note", "id": "sku"})
    assert [(d.text, d.id) for d in parsed.documents] == [("n", "7")]
    assert parsed.problems == ((1, "This item has no 'note'."),)
    with pytest.raises(InvalidDocumentsError):
        read_documents("a.json", data, {"text": "nope"})


MARKDOWN = """---
title: Handbook
owner: "IT"
---
Read this first.

# Guide

## Install ##
Run it.

```sh
# not a heading
```

### Windows
Use pip.

## Remove
Delete it.
#hashtag is no heading
"""


def test_markdown_splits_by_headings() -> None:
    """Each heading with its text is a document with the way to it; fences, front matter and bare headings."""
    parsed = read_documents("guide.md", MARKDOWN.encode())
    assert parsed.mode == "sections"
    assert [(d.metadata.get("section"), d.text) for d in parsed.documents] == [
        (None, "Read this first."),
        ("Guide > Install", "Install\nRun it.\n\n```sh\n# not a heading\n```"),
        ("Guide > Install > Windows", "Windows\nUse pip."),
        ("Guide > Remove", "Remove\nDelete it.\n#hashtag is no heading"),
    ]
    assert all(d.metadata["title"] == "Handbook" and d.metadata["owner"] == "IT" for d in parsed.documents)


def test_the_title_of_markdown_is_that_of_the_front_matter_else_the_outermost_heading() -> None:
    """And no number sign reaches the text."""
    parsed = read_documents("a.md", b"# Order a charger\n\nOpen Orders.\n\n## Costs\nNone.\n")
    assert [(document.metadata["title"], document.text) for document in parsed.documents] == [
        ("Order a charger", "Order a charger\n\nOpen Orders."),
        ("Order a charger", "Costs\nNone."),
    ]


def test_a_heading_alone_is_a_document_where_nothing_deeper_follows() -> None:
    """A list of headings is a list of texts; a heading above lower ones is only the way to them."""
    parsed = read_documents("a.md", b"# Reset\n\n# Contact\n## Mail\n# \n")
    assert [(d.metadata.get("section"), d.text) for d in parsed.documents] == [
        ("Reset", "Reset"),
        ("Contact > Mail", "Mail"),
    ]


def test_markdown_without_headings_splits_as_a_paste_does() -> None:
    """Paragraphs where there are blank lines; a rule at the top is no front matter."""
    assert texts(read_documents("a.md", b"a\nb\n\nc")) == ["a\nb", "c"]
    assert texts(read_documents("a.md", b"---\na\n\n# \nb")) == ["---\na", "b"]


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.md", "a.json", "a.jsonl", "a.xlsx"])
@pytest.mark.parametrize("data", [b"", b"  \n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xef\xbb\xbf \n"])
def test_empty_files_say_so(name: str, data: bytes) -> None:
    """Nothing, white space, or a mark alone."""
    assert reason_of(name, data) == "This file is empty."


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", b"id,text\n", "This file holds column names and no rows below them."),
        ("a.csv", b'""\n', "This file holds no text."),
        ("a.txt", "\u2003\n\xa0".encode(), "This file holds no text."),
        ("a.md", b"---\ntitle: T\n---\n", "This file holds no text."),
    ],
)
def test_files_without_any_text_say_so(name: str, data: bytes, reason: str) -> None:
    """No documents never come without a reason."""
    assert reason_of(name, data) == reason


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("picture.png", ".png"),
        ("noending", "without an ending"),
        ("x.xls", "Excel workbook (.xls)"),
        ("x.ods", "OpenDocument workbook (.ods)"),
    ],
)
def test_other_kinds_are_named_with_what_can_be_read(name: str, word: str) -> None:
    """The sentence says what to use instead."""
    reason = reason_of(name, b"anything")
    assert word in reason
    assert ".xlsx" in reason or "XLSX" in reason


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return stream.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv", zipped("xl/workbook.xml"), "Rename it to .xlsx"),
        ("a.json", zipped("xl/workbook.xml"), "Rename it to .xlsx"),
        ("a.txt", zipped("word/document.xml"), "a Word document"),
        ("a.csv", zipped("content.xml"), "an OpenDocument file"),
        ("a.txt", zipped("a"), "a ZIP archive"),
        ("a.txt", zipped("a")[:-10], "a damaged archive"),
        ("a.pdf", b"no such thing", "something else"),
        ("a.pdf", zipped("word/document.xml"), "a Word document"),
        ("a.docx", b"%PDF-1.7\n1 0 obj", "a PDF"),
        ("a.docx", zipped("ppt/slides/slide1.xml"), "a PowerPoint presentation"),
        ("a.docx", zipped("word/document.xml")[:-10], "Word document is damaged"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "document is protected by a password"),
        ("a.pptx", OLE, "an old PowerPoint presentation. Open it and save it as .pptx."),
        ("a.docx", OLE + "Workbook".encode("utf-16-le"), "save it as .xlsx"),
        ("a.epub", zipped("a"), "a ZIP archive"),
        ("a.zip", b"not packed", "something else"),
        ("a.html", b"%PDF-1.7\n1 0 obj", "Rename it to .pdf"),
        ("a.eml", zipped("META-INF/container.xml"), "Rename it to .epub"),
        ("a.doc", OLE, "an old Word document (.doc). Open it and save it as .docx."),
        ("a.md", b"%PDF-1.7\n1 0 obj", "a PDF"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        ("a.csv", OLE + "Workbook".encode("utf-16-le"), "old Excel workbook"),
        ("a.xlsx", OLE + "Workbook".encode("utf-16-le"), "save it as .xlsx"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ("a.xlsx", b"id,text\n1,a", "something else"),
        ("a.xlsx", zipped("word/document.xml"), "a Word document"),
        ("a.xlsx", zipped("xl/workbook.bin"), ".xlsb"),
        ("a.xlsx", zipped("xl/workbook.xml"), "damaged"),
        ("a.xlsx", zipped("xl/workbook.xml")[:-10], "damaged"),
        ("a.txt", bytes(range(256)), "binary data"),
        ("a.csv", b"id,text\n" + bytes(range(256)) * 3, "binary data"),
        ("a.json", b"\x00\x01\x02\x03", "binary data"),
    ],
)
def test_files_that_are_something_else_are_named(name: str, data: bytes, words: str) -> None:
    """A wrong ending, a password, an old format and binary data each have a sentence and no documents."""
    assert words in reason_of(name, data)


def test_a_binary_line_among_good_ones_is_a_problem() -> None:
    """The good lines stay."""
    data = (
        b"A good line of text, long enough.\n\x00\x01\x02\x03\nAnother good line of text, and a longer one at that.\n"
    )
    parsed = read_documents("a.txt", data)
    assert len(parsed.documents) == 2
    assert parsed.problems == ((2, "This is binary data, not text. It was left out."),)


def test_words_that_begin_like_a_signature_are_text() -> None:
    """A list that begins with RIFF or ID3 is still a list."""
    assert texts(read_documents("a.txt", b"RIFF files\nID3 tags")) == ["RIFF files", "ID3 tags"]


def test_a_file_beyond_the_size_limit_is_refused() -> None:
    """The sentence has both numbers."""
    assert (
        reason_of("a.txt", b"x" * 300_001, file_bytes=300_000)
        == "This file is 300,001 bytes; the limit is 300,000 bytes."
    )
    assert reason_of("a.txt", b"x" * 500_000, file_bytes=300_000) == "This file is 0.5 MB; the limit is 0.3 MB."
    assert reason_of("a.txt", b"x" * 1200, file_bytes=1000) == "This file is 1,200 bytes; the limit is 1,000 bytes."


@pytest.mark.parametrize("read", [read_documents, read_isolated])
@pytest.mark.parametrize("columns", [["text"], "text", 5, [], {"text"}])
def test_columns_that_are_no_mapping_are_refused(read, columns) -> None:
    """It is the caller's mistake, said with an example of how they are given."""
    with pytest.raises(InvalidDocumentsError, match="columns") as info:
        read("a.csv", TABLE.encode(), columns)
    assert "{'text': 'Body'" in info.value.hint


@pytest.mark.parametrize("arguments", [(None, b""), ("a.txt", "text"), ("a.txt", None), (5, b"")])
def test_wrong_arguments_are_refused(arguments: tuple[object, ...]) -> None:
    """A name is a string and content is bytes."""
    with pytest.raises(InvalidDocumentsError):
        read_documents(*arguments)  # type: ignore[arg-type]


def test_roles_that_a_file_has_no_use_for_are_let_be() -> None:
    """One set of wishes serves several files: a text file has no columns, a CSV no sheets."""
    wishes = {"text": "Body", "sheet": "May"}
    assert texts(read_documents("a.txt", b"a\nb", wishes)) == ["a", "b"]
    assert texts(read_documents("a.csv", b"Body,x\na,b", wishes)) == ["a"]


# the others go to a process of their own; test_documents_kinds has their readers
DIRECT = [ending for ending, kind in FILE_KINDS.items() if kind not in EXTRACTED_KINDS]


@given(st.binary(max_size=200), st.sampled_from([*DIRECT, "xls", ""]))
@settings(deadline=None, max_examples=400)
def test_any_bytes_are_read_or_refused_in_words(data: bytes, ending: str) -> None:
    """Random bytes under any ending never raise, and problems lie within the file."""
    parsed = read_documents(f"a.{ending}", data)
    assert parsed.documents or parsed.problems
    assert all(0 <= problem.line <= len(data) + 1 and problem.reason for problem in parsed.problems)


@given(
    st.sampled_from(
        [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"["]
    ),
    st.binary(max_size=100),
    st.sampled_from(DIRECT),
)
@settings(deadline=None, max_examples=300)
def test_any_bytes_after_a_known_beginning_raise_nothing(start: bytes, data: bytes, ending: str) -> None:
    """Half-true files, too."""
    parsed = read_documents(f"a.{ending}", start + data)
    assert parsed.documents or parsed.problems
