"""A document compressor for LangChain that reranks with any provider of this library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rerank_core import extras

extras.require("The adapter for LangChain", "langchain", "langchain_core")

from langchain_core.callbacks import Callbacks
from langchain_core.documents import Document
from langchain_core.documents.compressor import BaseDocumentCompressor
from pydantic import ConfigDict, Field

from rerank_core.client.client import AsyncClient, Client
from rerank_core.models import RerankResponse
from rerank_core.rank_fields import TEXT_ONLY

SCORE = "relevance_score"
"""Where the score stands in a document's metadata."""


class RerankCompressor(BaseDocumentCompressor):
    """Puts retrieved documents in order and keeps the best.

    `client` asks (a model of this computer where none is given), `async_client` does in `acompress_documents`; without
    one that runs `client` on a thread. Whoever made a client closes it. `model` None is the provider's usual one,
    `top_n` None keeps all, `min_score` leaves out what scores less. `rank_fields` are what the model reads of each
    document: "text" is its content, anything else a key of its metadata.

    Each document comes back as a copy with its score as `relevance_score` in the metadata, without one where the model
    gave none. Raises what `Client.rerank` raises.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    client: Client = Field(default_factory=lambda: Client("local"), repr=False)
    async_client: AsyncClient | None = Field(default=None, repr=False)
    model: str | None = None
    top_n: int | None = 3
    min_score: float | None = None
    rank_fields: tuple[str, ...] = TEXT_ONLY

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The documents to keep, best first."""
        del callbacks
        given = [_given(document) for document in documents]
        if not given:
            return []
        return self._kept(documents, self.client.rerank(query, given, self.model, rank_fields=self.rank_fields))

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The same without blocking the loop."""
        if self.async_client is None:
            kept: Sequence[Document] = await super().acompress_documents(documents, query, callbacks)
            return kept
        given = [_given(document) for document in documents]
        if not given:
            return []
        answer = await self.async_client.rerank(query, given, self.model, rank_fields=self.rank_fields)
        return self._kept(documents, answer)

    def _kept(self, documents: Sequence[Document], answer: RerankResponse) -> list[Document]:
        found = []
        for row in answer.results[: self.top_n]:
            score = row.relevance_score
            if self.min_score is not None and (score is None or score < self.min_score):
                continue
            copy = documents[row.index].model_copy(deep=True)
            if score is not None:
                copy.metadata[SCORE] = score
            found.append(copy)
        return found


def _given(document: Document) -> dict[str, Any]:
    return {"text": document.page_content, "metadata": document.metadata}
