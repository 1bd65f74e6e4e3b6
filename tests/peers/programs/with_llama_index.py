"""This library's postprocessor in LlamaIndex, blocking and not, on this computer and against a service."""

import asyncio
import json
import sys

from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode

import rerank_core as rc
from rerank_core.integrations.llama_index import RerankPostprocessor

address, key, query, *texts = sys.argv[1:]
nodes = [NodeWithScore(node=TextNode(text=text, id_=str(place)), score=0.1) for place, text in enumerate(texts)]


def shown(kept):
    """What is left of each node."""
    return [[one.node.node_id, one.score] for one in kept]


local = RerankPostprocessor(model="local-keyword", top_n=2)
found = {
    "local": shown(local.postprocess_nodes(nodes, query_str=query)),
    "none": local.postprocess_nodes([], query_str=query),
}
found["local async"] = shown(asyncio.run(local.apostprocess_nodes(nodes, query_str=query)))
titled = [NodeWithScore(node=TextNode(text="x", metadata={"title": query})), NodeWithScore(node=TextNode(text="y"))]
found["metadata"] = local.postprocess_nodes(titled[::-1], query_str=query)[0].node.metadata["title"]
plain = RerankPostprocessor(model="local-keyword", min_score=0.01, metadata_mode=MetadataMode.NONE)
found["without metadata"] = shown(plain.postprocess_nodes(titled, query_str=query))
try:
    local.postprocess_nodes(nodes)
except ValueError as error:
    found["no query"] = str(error)


async def hosted():
    """With a client for asyncio."""
    async with rc.AsyncClient("gateflow", key, address) as client:
        return shown(await RerankPostprocessor(async_client=client).apostprocess_nodes(nodes, query_str=query))


found["hosted async"] = asyncio.run(hosted())
print(json.dumps(found))
