"""`rerank serve`: a model of this computer, or a configured provider, behind the endpoints that other programs know."""

from rerank_core import extras

extras.require("The server", "serve", "starlette", "uvicorn")
