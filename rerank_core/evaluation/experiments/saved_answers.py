"""What the requests of an experiment are known by, so that an answer to the very same one can be found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rerank_core.client.sent import sent_name, texts_name
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.ranking.contender import Contender


class RequestNames:
    """The names of what an experiment sends, by the places of contender and query, both from 0.

    `addresses` has those of the providers whose answers are used again, by id; requests to others have no name. Safe
    under threads.
    """

    def __init__(
        self,
        query_set: QuerySet,
        queries: Sequence[Query],
        contenders: Sequence[Contender],
        addresses: Mapping[str, str],
    ) -> None:
        self._set, self._queries, self._contenders = query_set, queries, contenders
        self._addresses = dict(addresses)
        self._texts: dict[int, str] = {}

    def of(self, contender: int, query: int) -> str:
        """The name of one request; empty where it has none."""
        one = self._contenders[contender]
        address = self._addresses.get(one.provider)
        if address is None:
            return ""
        asked = self._queries[query]
        if query not in self._texts:
            self._texts[query] = texts_name(self._set.documents_of(asked), self._set.rank_fields)
        return sent_name(one.provider, address, one.model, asked.text, self._texts[query])

    def all(self) -> dict[tuple[int, int], str]:
        """The names of all requests that have one, by their places."""
        hosted = [place for place, one in enumerate(self._contenders) if one.provider in self._addresses]
        queries = range(len(self._queries)) if hosted else ()
        return {(place, query): self.of(place, query) for query in queries for place in hosted}
