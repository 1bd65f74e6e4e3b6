#!/bin/sh
# langchain-cohere 0.6.0 with langchain-core 1.8.3: what CohereRerank gives back has no `Document.id`.
#
# A reranker is followed by whoever looks a document up, or joins ratings to it, by its id. CohereRerank makes new
# documents of text and metadata and leaves the id behind.
# Seen, with a service on loopback that answers in Cohere's v2 form: ids "A" and "B" go in, None and None come out.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check langchain-cohere==0.6.0 langchain-core==1.8.3
"$folder/env/bin/python" - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from langchain_cohere import CohereRerank
from langchain_core.documents import Document


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
        body = json.dumps({"id": "1", "results": results, "meta": {"api_version": {"version": "2"}}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
reranker = CohereRerank(
    model="rerank-v3.5", cohere_api_key="key", base_url=f"http://127.0.0.1:{server.server_port}", top_n=2
)
given = [Document("Reset a password", id="A"), Document("Read an invoice", id="B")]
found = reranker.compress_documents(given, "invoice")
server.shutdown()
print([(document.id, document.page_content) for document in found])
assert [document.page_content for document in found] == ["Read an invoice", "Reset a password"]
assert [document.id for document in found] == [None, None], "the behaviour has changed"
PY
