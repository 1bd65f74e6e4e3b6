"""Put a list of texts in order for a question, on this computer: no key, no network, no cost."""

import rerank_core as rc

QUESTION = "How do I reset my password?"
PAGES = [
    {"id": "kb-1", "text": "Password policies and requirements"},
    {"id": "kb-2", "text": "How to reset your password", "url": "/help/reset"},
    {"id": "kb-3", "text": "Account security settings"},
    {"id": "kb-4", "text": "Contact support"},
]

with rc.Client("local") as client:
    response = client.rerank(QUESTION, PAGES, top_n=3)

for row in response.results:
    print(f"{row.rank}. was {row.index + 1}: {row.relevance_score:.2f}  {row.document.id}  {row.document.text}")

before = [page["id"] for page in PAGES]
after = [row.document.id for row in response.results if row.document.id]
for move in rc.compare_orders(before, after).moves:
    print(move.key, "was", move.was, "and is now", move.now)
