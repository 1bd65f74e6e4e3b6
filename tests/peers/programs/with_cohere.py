"""The cohere SDK, both of its generations of the API, against an address. Prints what came back as JSON."""

import json
import sys

import cohere

address, query, *documents = sys.argv[1:]
newer = cohere.ClientV2(api_key="any", base_url=address)
older = cohere.Client(api_key="any", base_url=address)
found = {"version": cohere.__version__}
reply = newer.rerank(model="local-keyword", query=query, documents=documents, top_n=2)
found["v2"] = [[row.index, row.relevance_score] for row in reply.results]
found["units"] = reply.meta.billed_units.search_units
reply = older.rerank(model="rerank-english-v3.0", query=query, documents=documents, return_documents=True)
found["v1"] = [[row.index, row.document.text] for row in reply.results]
try:
    newer.rerank(model="local-keyword", query=" ", documents=documents)
except cohere.core.api_error.ApiError as error:
    found["refused"] = [error.status_code, error.body]
print(json.dumps(found))
