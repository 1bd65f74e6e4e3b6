"""Read files of many kinds and rerank what is in them.

python examples/files_to_results.py "your question" FILE...   (PDF, DOCX, HTML, CSV, XLSX, Markdown and others)
"""

import sys
from pathlib import Path

import rerank_core as rc

DATA = Path(__file__).parent / "data"
SAMPLE = ["When is my money paid back?", f"{DATA}/help.html", f"{DATA}/tickets.csv"]
question, *names = sys.argv[1:] or SAMPLE

documents: list[rc.Document] = []
for path in map(Path, names):
    read = rc.read_documents(path.name, path.read_bytes())
    print(f"{path.name}: {len(read.documents)} documents")
    for line, reason in read.problems:
        print(f"  left out, line {line}: {reason}")
    documents += read.documents

pieces = rc.documents.chunk(documents, "paragraph")  # long documents in parts
with rc.Client("local") as client:
    response = client.rerank(question, pieces, top_n=3)
for row in response.results:
    print(f"{row.rank}. {row.relevance_score:.2f}  {row.document.id}  {' '.join(row.document.text.split())[:60]}")
