"""This library's compressor in LangChain, blocking and not, on this computer and against a service."""

import asyncio
import json
import sys

from langchain_core.documents import Document

import rerank_core as rc
from rerank_core.integrations.langchain import RerankCompressor

address, key, query, *texts = sys.argv[1:]
documents = [Document(page_content=text, id=str(place), metadata={"n": place}) for place, text in enumerate(texts)]


def shown(kept):
    """What is left of each document."""
    return [[one.id, one.metadata["n"], one.metadata.get("relevance_score")] for one in kept]


local = RerankCompressor(model="local-keyword", top_n=2)
found = {"local": shown(local.compress_documents(documents, query)), "none": local.compress_documents([], query)}
found["local async"] = shown(asyncio.run(local.acompress_documents(documents, query)))
found["least"] = shown(
    RerankCompressor(model="local-keyword", top_n=None, min_score=0.05).compress_documents(documents, query)
)
found["untouched"] = all("relevance_score" not in document.metadata for document in documents)


async def hosted():
    """With a client for asyncio."""
    async with rc.AsyncClient("gateflow", key, address) as client:
        compressor = RerankCompressor(async_client=client, top_n=None)
        assert key not in repr(compressor)
        return shown(await compressor.acompress_documents(documents, query))


found["hosted async"] = asyncio.run(hosted())
with rc.Client("gateflow", key, address) as client:
    found["hosted"] = shown(RerankCompressor(client=client).compress_documents(documents, query))
print(json.dumps(found))
