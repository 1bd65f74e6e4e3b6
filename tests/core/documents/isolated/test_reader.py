"""Files read in a process of their own: what comes back, and what happens when the process does not behave."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import textwrap
import threading
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.documents import Limits, ParsedDocuments, read_documents, read_files, read_isolated
from rerank_core.documents.isolated import process, start, wire
from rerank_core.documents.report import Problem
from rerank_core.errors import InvalidDocumentsError
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.jobs import Cancelled, JobContext, JobManager
from rerank_core.models import Document
from tests.support import made_files as made
from tests.support.gate import PATIENCE

Pretend = Callable[[str], None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Another program in the place of the reader: Python code that has read the order and the file."""

    def use(code: str) -> None:
        begin = "import json, os, sys, time\norder = sys.stdin.buffer.readline()\ndata = sys.stdin.buffer.read()\n"
        say = "def say(kind, **rest): print(json.dumps({'kind': kind, **rest}), flush=True)\n"
        program = (sys.executable, "-c", begin + say + textwrap.dedent(code))
        monkeypatch.setattr(start, "command", lambda *_: program)
        monkeypatch.setattr(start, "FORKS", False)

    return use


def reasons(parsed: ParsedDocuments) -> list[str]:
    return [reason for _, reason in parsed.problems]


_there_before: list[psutil.Process] = []


@pytest.fixture(autouse=True, scope="module")
def _those_of_other_tests() -> None:
    """Services that other files' tests have started run on until the last test of this process."""
    _there_before.extend(psutil.Process().children(recursive=True))


def children() -> list[psutil.Process]:
    """The readers there are; the process that they are forked from reads nothing and stays."""
    found = psutil.Process().children(recursive=True)
    return [each for each in found if each.pid != start.warm_process() and each not in _there_before]


GOOD = {
    "a.pdf": (made.pdf([made.words("one"), made.words("two")]), ["one", "two"]),
    "a.docx": (made.docx(made.paragraph("Top", "Heading1") + made.paragraph("text")), ["Top\n\ntext"]),
    "a.pptx": (made.pptx([made.shape("Top", kind="title") + made.shape("text")]), ["Top\n\ntext"]),
    "a.html": (b"<h1>Top</h1><p>text<script>no</script>", ["Top\n\ntext"]),
    "a.eml": (made.eml("text"), ["text"]),
    "a.epub": (made.epub(["<h1>Top</h1><p>text</p>"]), ["Top\n\ntext"]),
    "a.zip": (made.zipped([("x.txt", "text"), ("y.docx", made.docx(made.paragraph("more")))]), ["text", "more"]),
}


@pytest.mark.parametrize("name", list(GOOD))
def test_each_kind_comes_back_through_the_public_call(name: str) -> None:
    """The one call that everybody uses reads all kinds, and leaves no process behind."""
    data, texts = GOOD[name]
    parsed = rc.read_documents(name, data)
    assert [document.text for document in parsed.documents] == texts
    assert parsed.source == name
    assert parsed.mode == name.rpartition(".")[2]
    assert parsed.rows == len(texts)
    assert not parsed.problems
    assert not children()


@pytest.mark.parametrize(
    ("name", "data", "columns"),
    [
        ("a.csv", "id,Body,rank\n7,Größe \ud83d\ude00,2\n8,,1\n".encode("utf-8", "surrogatepass"), {"text": "Body"}),
        ("a.json", b'{"query": "q", "documents": [{"text": "a \\ud800", "n": {"deep": [1, null]}}, 5]}', None),
        ("a.md", b"# Top\n\ntext", None),
        ("a.txt", "Größe\nzwei".encode("cp1252"), None),
        ("a.csv", b"text\n", None),
        ("a.png", b"x", None),
    ],
)
def test_a_process_of_its_own_changes_nothing_for_other_kinds(
    name: str, data: bytes, columns: dict[str, str] | None
) -> None:
    """Documents, problems, columns, notes and query are the same as when read here."""
    assert read_isolated(name, data, columns) == read_documents(name, data, columns)


def test_a_wrong_column_is_the_callers_to_change() -> None:
    """The error comes out as it does from the direct call."""
    with pytest.raises(InvalidDocumentsError, match="nope") as caught:
        read_isolated("a.csv", b"id,text\n1,a\n", {"text": "nope"})
    assert caught.value.hint
    with pytest.raises(InvalidDocumentsError):
        read_isolated("a.pdf", "no bytes")  # type: ignore[arg-type]


def test_progress_is_told_on_the_callers_thread() -> None:
    """Pieces done, pieces in all, and a few words."""
    heard: list[tuple[int, int, str, int]] = []
    parsed = read_isolated(
        "a.pdf",
        made.pdf([made.words("one")] * 3),
        on_progress=lambda done, total, note: heard.append((done, total, note, threading.get_ident())),
    )
    assert len(parsed.documents) == 3
    assert heard[0] == (0, 3, "page 1 of 3", threading.get_ident())


def test_what_progress_raises_stops_the_reading() -> None:
    """It comes out, and the process is gone."""

    def stop(done: int, total: int, note: str) -> None:
        raise KeyError(note)

    with pytest.raises(KeyError):
        read_isolated("a.pdf", made.pdf([made.words("one")]), on_progress=stop)
    assert not children()


def test_a_reader_that_hangs_is_stopped_and_what_it_found_is_kept(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says how long it had and what stays. Time goes here when the second page is begun."""
    now = [0.0]
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now[0]))
    pretend("""
        say("document", text="page one", id="a.pdf#p1", metadata={"page": "1"})
        say("progress", done=1, total=2, note="page 2 of 2")
        while True: time.sleep(60)
    """)
    parsed = read_isolated("a.pdf", GOOD["a.pdf"][0], timeout=4, on_progress=lambda *_: now.append(now.pop() + 4))
    assert reasons(parsed) == [
        "Reading this file took longer than 4 seconds and was stopped at page 2 of 2. The 1 document found before "
        "that is kept. "
        "Split it, or save it again from the program that made it."
    ]
    assert parsed.documents == (Document("page one", "a.pdf#p1", {"page": "1"}),)
    assert (parsed.mode, parsed.rows, parsed.source) == ("pdf", 1, "a.pdf")
    assert not children()


def test_a_reader_that_does_not_even_listen_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full pipe holds nobody up."""
    monkeypatch.setattr(start, "FORKS", False)
    monkeypatch.setattr(start, "command", lambda *_: (sys.executable, "-c", "import time; time.sleep(60)"))
    parsed = read_isolated("a.html", b"<p>" + b"x" * 3_000_000, timeout=0.5)
    assert "took longer than 0.5 seconds" in reasons(parsed)[0]
    assert not children()


@pytest.mark.parametrize(
    "code",
    [
        "os._exit(3)",
        "os.kill(os.getpid(), 11)",
        "print('not json')",
        "print('[' * 100000)",
        "say('document', text=5, id=None, metadata={})",
        "say('document', text='a', id=[], metadata={})",
        "say('document', text='a', id=None, metadata=[])",
        "say('problem', line='1', reason='x')",
        "say('progress', done=None, total=1, note='')",
        "say('surprise')",
        "say('done')",
        "say('done', mode='pdf', rows=True, columns=[], sheets=[], chosen={}, preview=[])",
        "say('done', mode='pdf', rows=1, columns=[1], sheets=[], chosen={}, preview=[])",
        "say('done', mode='pdf', rows=1, columns=[], sheets=[], chosen=[], preview=[])",
        "say('done', mode='pdf', rows=1, columns=[], sheets=[], chosen={}, preview=[1])",
        "sys.stdout.buffer.write(b'\\xff\\xfe\\n')",
    ],
)
def test_a_reader_that_dies_or_talks_nonsense_is_one_sentence(pretend: Pretend, code: str) -> None:
    """Nothing that it says can do more than make documents and sentences."""
    pretend(f"say('document', text='kept', id=None, metadata={{}})\n{code}")
    parsed = read_isolated("a.pdf", GOOD["a.pdf"][0])
    assert reasons(parsed) == [
        "The reader broke down over this file; it may be damaged. The 1 document found before that is kept. "
        "Save it again from the program that made it."
    ]
    assert [document.text for document in parsed.documents] == ["kept"]


def test_a_reader_that_never_stops_talking_is_stopped(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """By how much it says, in one line or many, and by how many documents it claims to have found."""
    monkeypatch.setattr(process, "_ANSWER_OVERHEAD", 100_000)
    few = Limits(text_characters=1_000)
    pretend("while True: sys.stdout.write('x' * 1000)")
    assert reasons(read_isolated("a.pdf", GOOD["a.pdf"][0], limits=few)) == [
        "This file gives more text than can be taken in. Split it."
    ]
    pretend("while True: say('note', note='x' * 1000)")
    assert "more text" in reasons(read_isolated("a.pdf", GOOD["a.pdf"][0], limits=few))[0]
    pretend("while True: say('document', text='x', id=None, metadata={})")
    parsed = read_isolated("a.pdf", GOOD["a.pdf"][0], limits=Limits(documents=10))
    assert len(parsed.documents) == 10
    assert len(parsed.problems) == 1


@pytest.mark.parametrize("forks", [False, True])
def test_a_reader_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch, forks: bool) -> None:
    """Where there is no interpreter to start, say so."""
    start._WARM.end()
    monkeypatch.setattr(start, "FORKS", forks and start.FORKS)
    monkeypatch.setattr(start, "command", lambda *_: ("/no/such/python",))
    assert reasons(read_documents("a.pdf", GOOD["a.pdf"][0])) == [
        "The process that reads such files could not be started: No such file or directory."
    ]


def test_cancel_stops_a_reader_that_hangs(pretend: Pretend) -> None:
    """In a job the work ends as cancelled, at once, and the process is gone."""
    pretend("say('progress', done=1, total=9, note='page 2 of 9')\nwhile True: time.sleep(60)")
    started = threading.Event()
    manager = JobManager(workers=1)

    def work(context: JobContext) -> ParsedDocuments:
        def progress(done: int, total: int, note: str) -> None:
            context.progress(done, total, note=note)
            started.set()

        return read_isolated("a.pdf", GOOD["a.pdf"][0], on_progress=progress, cancelled=lambda: context.cancelled)

    job = manager.submit(work, owner="me", title="Reading a.pdf")
    assert started.wait(PATIENCE)
    assert job.progress.note == "page 2 of 9"
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.state == "cancelled"
    assert not children()


def test_several_files_are_one_job() -> None:
    """In order, risky and plain kinds alike; progress goes over all of them and names the file."""
    heard: list[tuple[int, int, str]] = []
    manager = JobManager(workers=1)

    def work(context: JobContext) -> tuple[ParsedDocuments, ...]:
        plain = context.progress

        def progress(done: int, total: int, cost: object = None, note: str | None = None) -> None:
            heard.append((done, total, note or ""))
            plain(done, total, note=note)

        context.progress = progress  # type: ignore[method-assign]
        return read_files(context, [("a.pdf", GOOD["a.pdf"][0]), ("b.csv", b"text\nx\n"), ("c.png", b"x")])

    job = manager.submit(work, owner="me")
    assert job.wait(PATIENCE)
    assert [len(parsed.documents) for parsed in job.result()] == [2, 1, 0]
    assert heard[0] == (0, 300, "a.pdf: reading")
    assert "a.pdf: page 1 of 2" in {note for _, _, note in heard}  # the others may have been read meanwhile
    assert heard[-1] == (300, 300, "")
    assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)


def test_cancel_before_the_start_starts_nothing(pretend: Pretend) -> None:
    """Not even a process."""
    pretend("raise SystemExit")
    with pytest.raises(Cancelled):
        read_isolated("a.pdf", GOOD["a.pdf"][0], cancelled=lambda: True)
    assert not children()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a process's memory")
def test_a_file_that_needs_too_much_memory_is_one_sentence() -> None:
    """The limit is the process's own; this one keeps its memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # nothing is compressed
        archive.writestr("a.txt", "kept")
        archive.writestr("b.txt", "a line of text\n" * 1_200_000)
    parsed = read_isolated("a.zip", stream.getvalue(), limits=Limits(memory_bytes=80_000_000))
    assert reasons(parsed) == [
        "Reading this file takes more than 80 MB of memory and was stopped at b.txt (2 of 2). The 1 document found "
        "before that is kept. "
        "Split it, or save it again from the program that made it."
    ]


def test_the_process_knows_no_keys_and_may_do_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment but the way to the packages; no files written, no programs, no network, little memory."""
    monkeypatch.setenv("GATEFLOW_API_KEY", "gw_prod_secret")
    environment = start.environment()
    assert "secret" not in json.dumps(environment)
    code = f"""
        import os, socket, subprocess, sys
        from rerank_core.documents.isolated import worker
        worker.give_up(1_000_000_000, 60)
        target = {str(tmp_path / "x")!r}
        os.makedirs  # looked up while it is still allowed
        for name, act in {{
            "write": lambda: open(target, "w"),
            "append": lambda: open(target, "ab"),
            "low": lambda: os.open(target, os.O_CREAT | os.O_WRONLY),
            "folder": lambda: os.makedirs(target),
            "remove": lambda: os.remove({str(tmp_path / "there")!r}),
            "program": lambda: subprocess.run(["true"]),
            "shell": lambda: os.system("true"),
            "fork": lambda: os.fork(),
            "network": lambda: socket.create_connection(("127.0.0.1", 9)),
            "read": lambda: open(os.devnull).close(),
        }}.items():
            try:
                act()
                print(name, "allowed")
            except PermissionError:
                print(name, "refused")
    """
    (tmp_path / "there").write_text("x", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True, check=True
    )
    words = dict(line.split() for line in done.stdout.splitlines())
    assert words.pop("read") == "allowed"
    assert set(words.values()) == {"refused"}
    assert len(words) == 9
    assert list(tmp_path.glob("*")) == [tmp_path / "there"]


def test_no_more_than_a_few_processes_run_at_once(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next file waits for a place, and a waiting one can be cancelled."""
    monkeypatch.setattr(process, "_SLOTS", threading.BoundedSemaphore(1))
    pretend("say('progress', done=0, total=1, note='on')\nwhile True: time.sleep(60)")
    on, stop = threading.Event(), threading.Event()

    def wait_for_cancel() -> None:
        with suppress(Cancelled):
            read_isolated("a.pdf", GOOD["a.pdf"][0], on_progress=lambda *_: on.set(), cancelled=stop.is_set)

    first = threading.Thread(target=wait_for_cancel)
    first.start()
    assert on.wait(PATIENCE)
    asked: list[int] = []

    def third_time() -> bool:
        asked.append(len(children()))
        return len(asked) == 3

    with pytest.raises(Cancelled):
        read_isolated("b.pdf", GOOD["a.pdf"][0], cancelled=third_time)
    assert asked == [1, 1, 1]
    stop.set()
    first.join(20)
    assert not children()


def test_hundreds_of_damaged_pdfs_end_in_documents_or_sentences() -> None:
    """PDFs with bytes changed, cut and repeated, all in one archive and so in one process."""
    chance = random.Random(3)
    good = made.pdf([made.words("one"), made.PICTURE, made.words("two")])
    files = []
    for number in range(300):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(data))
            length = chance.randrange(1, 40)
            change = chance.choice(("bytes", "cut", "again", "digits"))
            if change == "bytes":
                data[place : place + 3] = chance.randbytes(3)
            elif change == "cut":
                del data[place : place + length]
            elif change == "again":
                data[place:place] = data[place : place + length]
            else:
                data[place : place + 2] = b"%d" % chance.randrange(10_000)
        files.append((f"{number}.pdf", b"%PDF-1.4\n" + bytes(data)))
    parsed = read_documents("all.zip", made.zipped(files))
    told = {reason.split(":")[0] for reason in reasons(parsed)} | {
        str(document.metadata["file"]).split("/")[1] for document in parsed.documents
    }
    assert len(told) >= 290  # a page whose text was damaged away is blank, and blank pages are no problem
    assert not [reason for reason in reasons(parsed) if "broke down" in reason or "took longer" in reason]


def test_starting_the_process_loads_nothing_heavy() -> None:
    """Each file pays for the start, so only its own reader is loaded."""
    code = (
        "import sys; import rerank_core.documents.isolated.worker, rerank_core.documents.isolated.reader;"
        "heavy = ('numpy', 'pandas', 'streamlit', 'httpx', 'openpyxl', 'onnxruntime', 'tokenizers', 'mammoth',"
        " 'pypdfium2', 'selectolax', 'semantic_text_splitter', 'email', 'py3langid', 'asyncio');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=start.environment()
    )
    assert done.stdout.strip() == "[]"


@given(st.text(), st.none() | st.text(), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
@settings(deadline=None)
def test_documents_survive_the_wire(text: str, name: str | None, metadata: dict[str, object]) -> None:
    """Line breaks, lone surrogates and NULs included, each document on one line."""
    document = Document(text, name, metadata)
    line = wire.line("document", text=text, id=name, metadata=metadata)
    assert line.count(b"\n") == 1
    assert Document(**wire.checked(Document, wire.record_of(line))) == document


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(deadline=None, max_examples=40)
def test_any_json_is_a_record_or_nonsense(value: object) -> None:
    """And nothing else is ever raised."""
    for record in (value, {"kind": "done", "mode": value}, {"kind": "problem", "line": value, "reason": value}):
        try:
            found = wire.record_of(json.dumps(record).encode())
            for kind in (Document, Problem, wire.ReadingProgress, ParsedDocuments, Imported):
                try:
                    wire.checked(kind, found)
                except wire.Nonsense:
                    continue
        except wire.Nonsense:
            continue


def test_problems_keep_their_line() -> None:
    """A direct reader's lines survive; a negative one is none."""
    assert wire.problem_of({"line": 7, "reason": "x"}) == Problem(7, "x")
    assert wire.problem_of({"line": -7, "reason": "x"}) == Problem(0, "x")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a process's memory")
def test_what_breaks_the_reader_itself_is_named() -> None:
    """A page that unpacks to more than the process may hold: its name is told, the files before it stay."""
    packer = zlib.compressobj(1)
    stream = b"".join(packer.compress(b"q " * 5_000_000) for _ in range(16)) + packer.flush()
    huge = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream)
    bomb = made.pdf([made.words("x")], more=[huge]).replace(b"/Contents 5 0 R", b"/Contents 6 0 R")
    data = made.zipped([("good.pdf", GOOD["a.pdf"][0]), ("bomb.pdf", bomb)])
    parsed = read_isolated("a.zip", data, limits=Limits(memory_bytes=150_000_000))
    assert [document.text for document in parsed.documents] == ["one", "two"]
    assert reasons(parsed)[0].startswith("The reader broke down over this file at bomb.pdf: page 1 of 1")
