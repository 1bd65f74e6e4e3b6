"""A node postprocessor for LlamaIndex that reranks with any provider of this library."""

from __future__ import annotations

from rerank_core import extras

extras.require("The adapter for LlamaIndex", "llama-index", "llama_index")

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from pydantic import ConfigDict, Field

from rerank_core.client.client import AsyncClient, Client
from rerank_core.models import RerankResponse


class RerankPostprocessor(BaseNodePostprocessor):
    """Puts retrieved nodes in order and keeps the best.

    `client` asks (a model of this computer where none is given), `async_client` does in `apostprocess_nodes`; without
    one that runs `client` on a thread. Whoever made a client closes it. `model` None is the provider's usual one,
    `top_n` None keeps all, `min_score` leaves out what scores less. `metadata_mode` says what the model reads of each
    node: by default what an embedding model would, the metadata that is not excluded from it and the text.

    Nodes come back with the model's score; one without a score has None. Raises what `Client.rerank` raises, and
    ValueError without a query.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    client: Client = Field(default_factory=lambda: Client("local"), repr=False, exclude=True)
    async_client: AsyncClient | None = Field(default=None, repr=False, exclude=True)
    model: str | None = None
    top_n: int | None = 3
    min_score: float | None = None
    metadata_mode: MetadataMode = MetadataMode.EMBED

    @classmethod
    def class_name(cls) -> str:
        """The name by which LlamaIndex writes it down."""
        return "RerankPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        query, texts = self._asked(nodes, query_bundle)
        return self._kept(nodes, self.client.rerank(query, texts, self.model)) if texts else []

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if self.async_client is None:
            kept: list[NodeWithScore] = await super()._apostprocess_nodes(nodes, query_bundle)
            return kept
        query, texts = self._asked(nodes, query_bundle)
        return self._kept(nodes, await self.async_client.rerank(query, texts, self.model)) if texts else []

    def _asked(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None) -> tuple[str, list[str]]:
        if query_bundle is None:
            raise ValueError("There is no query to rank these nodes for: give query_bundle or query_str.")
        return query_bundle.query_str, [one.node.get_content(metadata_mode=self.metadata_mode) for one in nodes]

    def _kept(self, nodes: list[NodeWithScore], answer: RerankResponse) -> list[NodeWithScore]:
        return [
            NodeWithScore(node=nodes[row.index].node, score=row.relevance_score)
            for row in answer.results[: self.top_n]
            if self.min_score is None or (row.relevance_score is not None and row.relevance_score >= self.min_score)
        ]
