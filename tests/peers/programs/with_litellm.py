"""LiteLLM with the address of one server under the names of several services. Prints what came back as JSON."""

import json
import sys

import litellm

address, query, *documents = sys.argv[1:]
found = {}
for service, path in (("cohere", ""), ("jina_ai", "/v1/rerank"), ("hosted_vllm", ""), ("huggingface", "")):
    reply = litellm.rerank(
        model=f"{service}/local-keyword", query=query, documents=documents, api_base=address + path, api_key="any"
    )
    found[service] = [[row["index"], row["relevance_score"]] for row in reply.results]
print(json.dumps(found))
