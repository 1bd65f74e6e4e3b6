#!/bin/sh
# rerankers 0.10.0: when a rerank service refuses a call, its API ranker raises KeyError: 'results'.
#
# The status of the reply is not looked at. A wrong key, a limit on requests and a model that is gone all look like a
# fault of the program, and what the service said is lost with its Retry-After.
# Seen, with a service on loopback that answers 429 and {"message": "..."}: KeyError: 'results', without that message.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check "rerankers[api]==0.10.0"
"$folder/env/bin/python" - <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from rerankers.models.api_rankers import APIRanker


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"message": "Too many requests in this minute"}).encode()
        self.send_response(429)
        self.send_header("retry-after", "7")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
ranker = APIRanker("rerank-v3.5", "key", "cohere", url=f"http://127.0.0.1:{server.server_port}/v2/rerank")
try:
    seen = repr(ranker.rank(query="invoice", docs=["Read an invoice", "Reset a password"]))
except Exception as error:
    seen = repr(error)
server.shutdown()
print(seen)
assert seen == "KeyError('results')", "the behaviour has changed"
PY
