"""What reading a small file in a process of its own costs: `python -m tests.benchmarks.bench_files`.

Fifty one-page files of a kind, read as one job, against the same reader called in this process on the same bytes, and
against the library behind it alone, which gives no headings, sections or titles.
Processor time of this process, of the one that readers are forked from and of all readers; that one is warm, and what
its start takes has a line of its own.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rerank_core.documents import ParsedDocuments, read_files, read_isolated
from rerank_core.documents.isolated import reader, wire
from rerank_core.documents.isolated.start import warm_process
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.jobs import JobManager
from tests.support import made_files as made

FILES = 50
ROUNDS = 5
LINES = [f"Line {number} of a page that says something about deliveries and refunds." for number in range(40)]


def pdf_text(data: bytes) -> str:
    """With pypdfium2 alone."""
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def word_text(data: bytes) -> str:
    """With mammoth alone."""
    import io

    import mammoth

    return str(mammoth.convert_to_html(io.BytesIO(data)).value)


def html_text(data: bytes) -> str:
    """With selectolax alone."""
    from selectolax.lexbor import LexborHTMLParser

    return str(LexborHTMLParser(data.decode()).text(separator="\n"))


def read_here(kind: str, data: bytes) -> None:
    """With the reader that the process of its own runs."""
    order = wire.Order("", f"a.{kind}", {}, DEFAULT_LIMITS, 60.0)
    reader.answer(order, data, lambda kind, **values: wire.line(kind, **values))


KINDS: dict[str, tuple[bytes, Callable[[bytes], str]]] = {
    "pdf": (made.pdf([made.words(*LINES)]), pdf_text),
    "docx": (made.docx("".join(made.paragraph(line) for line in LINES)), word_text),
    "html": (f"<h1>Help</h1>{''.join(f'<p>{line}</p>' for line in LINES)}".encode(), html_text),
}


def spent() -> float:
    """Processor seconds of this process, of the one that forks, and of the readers that have ended."""
    number = warm_process()
    ticks = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[11:15] if number else []
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print the table."""
    began, clock = time.process_time(), time.perf_counter()
    read_isolated("a.html", KINDS["html"][0])
    print(
        f"The first file: {spent() - began:.2f} s of the processor, {time.perf_counter() - clock:.2f} s on the clock. "
        f"{os.cpu_count()} cores.\n"
    )
    print("| what | processor, a file | against | ratio | bar |\n|---|---|---|---|---|")
    jobs = JobManager(workers=1)

    def read(files: list[tuple[str, bytes]]) -> tuple[ParsedDocuments, ...]:
        job = jobs.submit(read_files, files)
        job.wait()
        return job.result()

    for kind, (data, alone) in KINDS.items():
        files = [(f"{number}.{kind}", data) for number in range(FILES)]
        assert read(files[:1])[0].documents
        assert LINES[-1] in alone(data)
        taken: dict[str, list[float]] = {"ours": [], "here": [], "alone": []}
        for _ in range(ROUNDS):
            before = spent()
            read(files)
            taken["ours"].append((spent() - before) / FILES)
            for name, call in (("here", partial(read_here, kind)), ("alone", alone)):
                before = time.process_time()
                for _, each in files:
                    call(each)
                taken[name].append((time.process_time() - before) / FILES)
        ours = statistics.median(taken["ours"])
        for name, peer, bar in (
            ("here", "the same in this process", "at most 15"),
            ("alone", (alone.__doc__ or "").replace("With", "with"), ""),
        ):
            ratio = statistics.median(mine / theirs for mine, theirs in zip(taken["ours"], taken[name], strict=True))
            print(
                f"| a one-page {kind.upper()} among {FILES} | {ours * 1000:.1f} ms | "
                f"{peer.rstrip('.')}, {statistics.median(taken[name]) * 1000:.2f} ms | {ratio:.1f} | {bar} |"
            )

    jobs.close()


if __name__ == "__main__":
    main()
