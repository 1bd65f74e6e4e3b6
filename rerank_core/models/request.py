"""What is asked: one query and the candidates to put in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from rerank_core.errors import InvalidDocumentsError, InvalidQueryError, InvalidRequestError
from rerank_core.models.documents import Document, DocumentInput, TextsAlone, document_of, documents_or_texts, kind_of
from rerank_core.models.later import held, make_when_read
from rerank_core.rank_fields import TEXT, TEXT_ONLY, checked_fields, ranked_text


@dataclass(frozen=True, slots=True, init=False)
class RerankRequest:
    """One query and the candidates to put in order, checked when it is made.

    `documents` holds Documents in their initial order, whatever form they were given in. `model` None is
    the provider's default. `top_n` is how many results to keep, None for all, at least 1. `rank_fields` are the
    fields that make up the text that is sent (see `rerank_core.rank_fields`): "text", or names in the metadata.
    Raises InvalidQueryError, InvalidDocumentsError or InvalidRequestError before anything is sent.
    """

    query: str
    documents: tuple[Document, ...]
    model: str | None
    top_n: int | None
    return_documents: bool
    rank_fields: tuple[str, ...]

    def __init__(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        rank_fields: Iterable[str] = TEXT_ONLY,
    ) -> None:
        if not isinstance(query, str):
            raise InvalidQueryError(f"The query is {kind_of(query)}, not a string.")
        if not query.strip():
            raise InvalidQueryError("The query is empty.")
        candidates = documents_or_texts(documents)
        if not candidates:
            raise InvalidDocumentsError("There are no documents.")
        fields = checked_fields(rank_fields)
        if all(not text or text.isspace() for text in _ranked(candidates, fields)):
            raise InvalidDocumentsError("All documents are blank.")
        if model is not None and (not isinstance(model, str) or not model.strip()):
            wrong = "blank" if isinstance(model, str) else f"{kind_of(model)}, not a name"
            raise InvalidRequestError(f"The model is {wrong}.", hint="Name a model, or leave it out for the default.")
        if top_n is not None:
            if isinstance(top_n, bool) or not isinstance(top_n, Integral):  # numpy's integers are Integral, no int
                raise InvalidRequestError(f"top_n is {kind_of(top_n)}, not a whole number.", hint="Use 1 or more.")
            top_n = int(top_n)
            if top_n < 1:
                raise InvalidRequestError(f"top_n is {top_n}.", hint="Use 1 or more, or leave it out for all.")
        if not isinstance(return_documents, bool):
            raise InvalidRequestError("return_documents is not true or false.", hint="Use True or False.")
        for name, value in (
            ("query", query),
            ("documents", candidates),
            ("model", model),
            ("top_n", top_n),
            ("return_documents", return_documents),
            ("rank_fields", fields),
        ):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """How many documents there are, at least 1."""
        return len(held(_documents, self))

    def ranked_texts(self) -> Sequence[str]:
        """What the model reads of each document, in their order; some may be blank."""
        found = _ranked(held(_documents, self), self.rank_fields)
        return found if isinstance(found, tuple) else list(found)


def _ranked(documents: tuple[Document, ...] | TextsAlone, rank_fields: tuple[str, ...]) -> Iterable[str]:
    if isinstance(documents, TextsAlone):
        return documents if TEXT in rank_fields else [""] * len(documents)
    return (ranked_text(document, rank_fields) for document in documents)


_documents = RerankRequest.__dict__["documents"]
make_when_read(_documents, TextsAlone, lambda texts: tuple(map(document_of, texts)))


def documents_held(request: RerankRequest) -> tuple[Document, ...] | TextsAlone:
    """The documents of a request, or no more than their texts where nobody has looked at them yet."""
    found: tuple[Document, ...] | TextsAlone = held(_documents, request)
    return found
