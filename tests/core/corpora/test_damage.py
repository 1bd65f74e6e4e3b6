"""Damaged files of a knowledge base end in a sentence, or are made anew, whatever is wrong and whatever is asked."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank_core.corpora import Corpus, CorpusStore
from rerank_core.corpora import vector_file as vector_module
from rerank_core.errors import RerankError
from rerank_core.models import Document
from rerank_core.retrieval.embedding import Vectors
from tests.support.damage import harm_a_row, harmed

TIMES = 150
NAME = "Help centre"
DOCUMENTS = [
    Document(f"passage {place} about passwords", f"{place}", {"document_id": f"d{place // 3}"}) for place in range(30)
]

USES: dict[str, Callable[[CorpusStore, Corpus], Any]] = {
    "list": lambda store, _: store.list(),
    "facts": lambda _, corpus: corpus.facts(),
    "all passages": lambda _, corpus: list(corpus),
    "texts": lambda _, corpus: list(corpus.texts()),
    "one passage": lambda _, corpus: corpus[3],
    "surroundings": lambda _, corpus: corpus.surroundings(3),
    "passages of a document": lambda _, corpus: corpus.passages_of("d1"),
    "keyword search": lambda _, corpus: corpus.keyword_index().search("passwords"),
    "vectors": lambda _, corpus: (corpus.missing_vectors("local-english"), len(corpus.vectors("local-english"))),
    "add": lambda _, corpus: corpus.add([Document("another")]),
    "other fields": lambda _, corpus: corpus.index_anew(("text",)),
    "rename": lambda store, corpus: store.rename(corpus.id, "Another name"),
    "create": lambda store, _: store.create("New", ["a text"]),
    "delete": lambda store, corpus: store.delete(corpus.id),
}
NOT_THERE = {"one passage", "surroundings"}  # they promise IndexError where there is no such passage


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of two numbers in place of a model's."""

    def embed(_model: str, texts: list[str], _first: int = 0, tick: Any = None) -> Vectors:
        return Vectors(np.ones((len(texts), 2), np.float32), np.arange(len(texts), dtype=np.int32))

    monkeypatch.setattr(vector_module, "embed_passages", embed)


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("times", [6, pytest.param(TIMES, marks=pytest.mark.slow)])
def test_damage_of_any_file_is_a_sentence_or_made_good(quick_disk: Path, times: int) -> None:
    """Each file of a knowledge base, its passages, its index, its vectors, changed, cut or overwritten: every use gives
    what it can or a sentence, never another error; and other bases are not affected."""
    made = CorpusStore(quick_disk / "whole")
    corpus = made.create(NAME, DOCUMENTS)
    corpus.keyword_index()
    corpus.vectors("local-english")
    made.create("Another", ["whole"])
    corpus.release()
    files = [path.relative_to(made.folder) for path in sorted(corpus.folder.rglob("*")) if path.stat().st_size]
    files = [path for path in files if (made.folder / path).is_file()]
    assert len(files) >= 6
    for number in range(times):
        choose = random.Random(number)
        path = files[number % len(files)]
        for name, use in USES.items():
            copy = quick_disk / f"{number}-{name}"
            shutil.copytree(made.folder, copy)
            if path.suffix == ".sqlite3" and number % 2:
                harm_a_row(copy / path, choose)
            else:
                (copy / path).write_bytes(harmed((copy / path).read_bytes(), choose))
            check(CorpusStore(copy), corpus.id, name, use)
            shutil.rmtree(copy)


def check(store: CorpusStore, corpus_id: str, name: str, use: Callable[[CorpusStore, Corpus], Any]) -> None:
    try:
        use(store, store.open(corpus_id))
    except RerankError as error:
        if not (error.message and error.hint):
            raise AssertionError(f"{name} says too little") from error
    except IndexError:
        if name not in NOT_THERE:
            raise
    except Exception as error:
        raise AssertionError(f"{name} raised {error!r}") from error
    assert "Another" in [one.name for one in store.list()]
