"""The SDKs of vendors, each pointed at a server that answers with the reply of our test data.

Prints as JSON, by provider, the path, the body that it sent and the (index, score) that it read.
"""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import cohere
import contextual
import dashscope
import isaacus
import mixedbread
import openai
import voyageai
import zeroentropy
from pinecone import Pinecone

CASES = Path(sys.argv[1])
received: dict[str, Any] = {}


class Echo(BaseHTTPRequestHandler):
    """Keeps what it is sent and answers with the reply that is set."""

    reply: Any = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        received.update(path=self.path, body=json.loads(body))
        data = json.dumps(Echo.reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"


def bedrock(body: dict[str, Any]) -> Any:
    """Boto3 has the whole body as arguments."""
    client = boto3.client(
        "bedrock-agent-runtime",
        region_name="eu-central-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="any",
        endpoint_url=here,
    )
    return client.rerank(**body)["results"]


def pinecone(body: dict[str, Any]) -> Any:
    """The SDK makes objects of the strings itself."""
    texts = [document["text"] for document in body["documents"]]
    asked = {name: body[name] for name in ("model", "query", "top_n", "return_documents", "parameters")}
    return Pinecone(api_key="any", host=here).inference.rerank(documents=texts, **asked).data


def alibaba(body: dict[str, Any]) -> Any:
    """The SDK has input and parameters as arguments of one call."""
    dashscope.base_http_api_url = f"{here}/api/v1"
    return dashscope.TextReRank.call(model=body["model"], api_key="any", **body["input"], **body["parameters"]).output[
        "results"
    ]


def voyage(body: dict[str, Any]) -> Any:
    """The SDK has no argument for the texts' return, and leaves the field out."""
    asked = {name: value for name, value in body.items() if name != "return_documents"}
    return voyageai.Client(api_key="any", base_url=f"{here}/v1").rerank(**asked).results


SDKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "cohere": lambda body: cohere.ClientV2(api_key="any", base_url=here).rerank(**body).results,
    "mixedbread": lambda body: mixedbread.Mixedbread(api_key="any", base_url=here).rerank(**body).data,
    "pinecone": pinecone,
    "zeroentropy": lambda body: (
        zeroentropy.ZeroEntropy(api_key="any", base_url=f"{here}/v1").models.rerank(**body).results
    ),
    "isaacus": lambda body: isaacus.Isaacus(api_key="any", base_url=f"{here}/v1").rerankings.create(**body).results,
    "contextual": lambda body: (
        contextual.ContextualAI(api_key="any", base_url=f"{here}/v1").rerank.create(**body).results
    ),
    "openai-decisions": lambda body: (
        openai.OpenAI(api_key="any", base_url=f"{here}/v1").decisions.create(**body).answers
    ),
    "bedrock": bedrock,
    "dashscope": alibaba,
    "voyage": voyage,
}


def read(row: Any) -> list[Any]:
    """A row of any of them as [index or name, score]."""
    get = row.get if isinstance(row, dict) else lambda name: getattr(row, name, None)
    index = next(get(name) for name in ("index", "name") if get(name) is not None)
    names = ("relevance_score", "score", "relevanceScore", "probability")
    return [index, next(get(name) for name in names if get(name) is not None)]


found = {}
for name, ask in SDKS.items():
    case = json.loads((CASES / f"{name}.json").read_text("utf-8"))
    Echo.reply = case["reply"]
    received.clear()
    rows = ask(case["body"])
    found[name] = {**received, "rows": [read(row) for row in rows]}
server.shutdown()
print(json.dumps(found))
