"""LangChain's reranker for Cohere against an address. Prints what came back as JSON."""

import json
import sys

from langchain_cohere import CohereRerank
from langchain_core.documents import Document

address, query, *texts = sys.argv[1:]
reranker = CohereRerank(cohere_api_key="any", base_url=address, model="local-keyword", top_n=2)
kept = reranker.compress_documents([Document(page_content=text) for text in texts], query)
print(json.dumps([[document.page_content, document.metadata["relevance_score"]] for document in kept]))
