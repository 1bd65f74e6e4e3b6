"""JSON of Elasticsearch and OpenSearch: ranking evaluations, judgment lists, query sets, and answers to searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.paste.json_documents import value_documents
from rerank_core.documents.report import Problem, count
from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.formats.json_files.loading import JsonFile, every, under
from rerank_core.evaluation.formats.table import from_documents

_MATCHES = ("match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "term", "text", "semantic", "neural")
_STRINGS = ("multi_match", "query_string", "simple_query_string", "combined_fields", "text_expansion", "sparse_vector")
_ASKED = ("query", "query_text", "model_text", "value", "query_string")
_LEVELS = 12
_NO_QUERY = (
    "{answers} here {say} not which query it was for, so only the documents are read. To have their order as well, put "
    'the query beside them: {{"query": "…", "documents": […]}}.'
)


def kind_of(value: Any) -> str | None:
    """What of these a JSON value is, None where it is none."""
    if under(value, "judgmentRatings") is not None:
        return "opensearch-judgments"
    if under(value, "querySetQueries") is not None:
        return "opensearch-queries"
    if isinstance(value, dict) and (_requests(value) or isinstance(value.get("details"), dict)):
        return "rank-eval"
    return "search-answer" if any(_is_answer(answer) for _, answer in answers_of(value)) else None


def read_judgments(value: Any) -> Imported:
    """A judgment list of OpenSearch's search relevance workbench. The text is the query's id."""
    listed = [
        (0, {"query": cell(one.get("query")), "id": cell(rated.get("docId")), "rating": cell(rated.get("rating"))})
        for lists in every(value, "judgmentRatings")
        for one in _objects(lists)
        for rated in _objects(one.get("ratings")) or [{}]
    ]
    return rows.read("opensearch-judgments", listed, {"query": "query", "id": "id", "rating": "rating"})


def read_queries(value: Any) -> Imported:
    """A query set of OpenSearch's search relevance workbench. The text is the query's id."""
    builder = ImportBuilder("opensearch-queries")
    found = [one for lists in every(value, "querySetQueries") for one in _objects(lists)]
    for place, one in enumerate(found or [one for one in _objects(value) if "queryText" in one], start=1):
        query = cell(one.get("queryText")).strip()
        if not query:
            builder.refuse(0, f"Query {place:,} has no 'queryText'.")
        elif query in builder.queries:
            builder.refuse(0, f"The query '{query}' stands twice; the second one is left out.")
        else:
            builder.queries[query] = query
            if answer := cell(one.get("referenceAnswer")).strip():
                builder.answers[query] = answer
    return builder.finish()


def read_rank_eval(value: Any) -> Imported:
    """A request to `_rank_eval`, with the ratings of each query, or what it answers, with the results as well."""
    return _read_details(value["details"]) if isinstance(value.get("details"), dict) else _read_requests(value)


def _read_requests(value: Mapping[str, Any]) -> Imported:
    listed: list[tuple[int, dict[str, Any]]] = []
    unknown = 0
    for place, request in enumerate(_requests(value), start=1):
        name = cell(request.get("id")) or f"query {place}"
        text = query_text([request.get("request"), request.get("params")])
        unknown += text is None
        for rated in _objects(request.get("ratings")) or [{}]:
            about = {"query_id": name, "query": text or name}
            listed.append((0, {**about, "id": cell(rated.get("_id")), "rating": cell(rated.get("rating"))}))
    notes = [f"What {count(unknown, 'query')} asks for is not clear: its id is its text."] if unknown else []
    return rows.read("rank-eval", listed, {role: role for role in ("query_id", "query", "id", "rating")}, notes)


def _read_details(details: Mapping[str, Any]) -> Imported:
    listed: list[tuple[int, dict[str, Any]]] = []
    for name, detail in details.items():
        found = _objects(detail.get("hits")) if isinstance(detail, dict) else []
        for place, one in enumerate(found, start=1):
            hit = one.get("hit")
            hit = hit if isinstance(hit, dict) else {}
            about = {"id": cell(hit.get("_id")), "rank": str(place), "score": cell(hit.get("_score"))}
            listed.append((0, {"query": name, **about, "rating": cell(one.get("rating"))}))
        for one in _objects(detail.get("unrated_docs")) if isinstance(detail, dict) and not found else []:
            listed.append((0, {"query": name, "id": cell(one.get("_id")), "rank": "", "score": "", "rating": ""}))
    roles = {role: role for role in ("query", "id", "rank", "score", "rating")}
    return rows.read("rank-eval", listed, roles, ["An answer of _rank_eval names its queries by their ids alone."])


def answers_of(value: Any) -> list[tuple[str | None, Mapping[str, Any]]]:
    """Each answer to a search in a value, with the query where it is known: beside the answer or, of Solr and others,
    in it."""
    if isinstance(value, list):
        return [answer for one in value if isinstance(one, dict) for answer in answers_of(one)]
    if not isinstance(value, dict):
        return []
    if _is_answer(value):
        return [(_asked_in(value), value)]
    if isinstance(value.get("responses"), list):
        return [answer for one in value["responses"] if isinstance(one, dict) for answer in answers_of(one)]
    if (about := rows.query_of(value)) is not None and rows.documents_under(value) is None and _has_list(value):
        return [(about.get("query", about.get("query_id")), value)]
    for key in ("response", "result", "answer", "body"):
        if isinstance(value.get(key), dict) and _is_answer(value[key]):
            asked = [value.get("query"), value.get("request"), value.get("q"), value.get("query_text")]
            text = next((one for one in asked if isinstance(one, str)), None) or query_text(asked)
            return [(text, value[key])]
    return []


def read_answers(file: JsonFile) -> Imported:
    """The documents of answers to searches, and their order where it is known what was searched for."""
    builder = ImportBuilder("search-answer")
    silent = 0
    for query, answer in answers_of(file.value):
        read = from_documents(
            value_documents(answer, lambda places: [0] * len(places), COLLECTION_LIMITS, "json"), "search-answer"
        )
        if read.documents:
            builder.problems.take((Problem(0, problem.reason) for problem in read.problems), read.more_problems)
        for document, text in read.documents.items():
            builder.document(0, document, text)
        builder.titles = {**read.titles, **builder.titles}
        for document, about in read.metadata.items():
            builder.metadata.setdefault(document, dict(about))
        if query is None:
            silent += bool(read.documents)
            continue
        builder.query(0, query, query)
        for place, document in enumerate(read.documents):
            if not builder.place(0, query, document, (place,)):
                break
    if silent:
        answers, say = ("The answer", "says") if silent == 1 else (f"{silent:,} answers", "say")
        builder.reading_notes.append(_NO_QUERY.format(answers=answers, say=say))
    return builder.finish()


def query_text(value: Any) -> str | None:
    """What a search asks for, from its query in JSON: the one text that stands in its clauses; None where there is
    none, or several."""
    found = list(dict.fromkeys(_texts(value, _LEVELS)))
    return found[0] if len(found) == 1 else None


def _texts(value: Any, depth: int) -> Iterator[str]:
    if not depth:
        return
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, depth - 1)
    if not isinstance(value, dict):
        return
    for key, inside in value.items():
        if key in _MATCHES and isinstance(inside, dict):
            for asked in inside.values():
                yield from [asked] if isinstance(asked, str) else _named(asked)
        elif key in _STRINGS:
            yield from _named(inside) or [
                text for one in _objects([inside]) for part in one.values() for text in _named(part)
            ]
        elif key == "params" and isinstance(inside, dict):
            yield from _named(inside) or [text for text in inside.values() if isinstance(text, str)][:1]
        elif isinstance(inside, dict | list):
            yield from _texts(inside, depth - 1)


def _named(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [value[key] for key in _ASKED if isinstance(value.get(key), str)][:1]


def _requests(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = list(_objects(value.get("requests")))
    return found if found and all("ratings" in one for one in found) else []


def _is_answer(value: Mapping[str, Any]) -> bool:
    hits = value.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return True
    solr = value.get("response")
    return isinstance(solr, dict) and isinstance(solr.get("docs"), list)


def _has_list(value: Mapping[str, Any]) -> bool:
    """Whether a list of objects stands under a key, whatever it is called."""
    return any(isinstance(one, list) and bool(_objects(one)) for one in value.values())


def _asked_in(value: Mapping[str, Any]) -> str | None:
    """The query that an answer repeats, as Solr does."""
    header = value.get("responseHeader")
    params = header.get("params") if isinstance(header, dict) else None
    asked = [params.get("q") if isinstance(params, dict) else None, value.get("query"), value.get("q")]
    return next(
        (text for text in asked if isinstance(text, str) and text.strip() and text != "*:*"), None
    ) or query_text(value.get("request"))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
