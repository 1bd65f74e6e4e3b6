"""The clients: one flow without I/O, and two short drivers, one for threads and one for asyncio."""

from rerank_core.client.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
