"""Which column or key is the text, the id, the title, the rank, the score and the address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rerank_core.errors import InvalidDocumentsError


def listed_names(names: str) -> tuple[str, ...]:
    """Names that are written one after the other, with commas between them."""
    return tuple(names.split(", "))


ROLES = ("text", "id", "title", "rank", "score", "url")
"""What a column of documents can be."""

TEXT_KEYS = listed_names(
    "text, content, contents, body, passage, document, doc, page content, chunk, chunk text, chunk content, "
    "paragraph, raw text, full text, text content, document text, passage text, article, answer, description, "
    "abstract, snippet, summary, message, comment, review, "
    "volltext, inhalt, beschreibung, produktbeschreibung, artikelbeschreibung, langbeschreibung, langtext, "
    "kurzbeschreibung, kurztext, dokument, antwort, contenido, texto, descripción, descripcion, documento, respuesta, "
    "contenu, texte, réponse, descriptif, testo, contenuto, descrizione, risposta, tekst, inhoud, beschrijving, "
    "omschrijving, productomschrijving, antwoord, conteúdo, conteudo, descrição, descricao, resposta, "
    "内容, 正文, 文本, 描述, 本文, 説明, 내용, 본문, 설명, текст, описание, содержание, treść, opis, obsah, popis"
)
"""Names that mean the text of a document, best first; compared in lower case, `_`, `-` and `.` as spaces."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "text": TEXT_KEYS,
    "id": listed_names(
        "id, doc id, docid, docno, document id, passage id, chunk id, corpus id, article id, kb id, product id, "
        "item id, ticket id, object id, objectid, identifier, uuid, guid, sku, key, pid, did, asin, gtin, ean, "
        "article number, product number, item number, artikelnummer, art nr, artikel nr, produktnummer, bestellnummer, "
        "dokument id, référence, identifiant, referencia, identificador, codice, codice articolo, artikelnr, "
        "productnummer, código, codigo, 编号, 番号, 번호, артикул"
    ),
    "title": listed_names(
        "title, name, subject, headline, heading, titel, titre, titulo, título, titolo, product title, product name, "
        "item name, item title, article title, document title, page title, überschrift, betreff, bezeichnung, "
        "produktname, artikelname, produkttitel, produktbezeichnung, artikelbezeichnung, nom, nom du produit, "
        "nombre, nombre del producto, asunto, nome, nome del prodotto, nome prodotto, nome do produto, oggetto, naam, "
        "productnaam, productnaam, onderwerp, 标题, 名称, タイトル, 제목, название, заголовок, nazwa, tytuł, název"
    ),
    "rank": listed_names(
        "rank, initial rank, original rank, position, original position, initial position, doc position, rang, platz, "
        "pos, posición, posicion, posizione, posição, posicao, positie"
    ),
    "score": listed_names(
        "score, relevance score, initial score, original score, search score, bm25, bm25 score, similarity, "
        "similarity score"
    ),
    "url": listed_names(
        "url, link, uri, href, permalink, web address, source url, page url, product url, webadresse, lien, enlace, "
        "collegamento"
    ),
}
"""The names that each role goes by, best first, compared as TEXT_KEYS are."""

QUERY_NAMES: Mapping[str, tuple[str, ...]] = {
    "query": listed_names(
        "query, query text, question, search, search term, search query, keyword, q, ticket, search terms, "
        "search phrase, queries, user query, suchbegriff, suchbegriffe, suchanfrage, suchwort, suche, anfrage, frage, "
        "requête, requete, recherche, terme de recherche, question posée, consulta, búsqueda, busqueda, "
        "término de búsqueda, pregunta, ricerca, termine di ricerca, domanda, zoekterm, zoekopdracht, zoekvraag, "
        "vraag, pesquisa, termo de pesquisa, termo de busca, pergunta, top queries, search queries, keywords, "
        "häufigste suchanfragen, suchanfragen, requêtes les plus fréquentes, requêtes principales, "
        "principales requêtes, consultas principales, principales consultas, query principali, query più frequenti, "
        "principais consultas, consultas mais frequentes, populairste zoekopdrachten, topzoekopdrachten"
    ),
    "query_id": listed_names("query id, qid, queryid, q id, question id, topic, topic id"),
    "tag": listed_names("tag, tags, query tag, segment, intent, query type"),
}
"""The same for what tables of queries have besides."""

_SEPARATORS = re.compile(r"[\s_\-.:/]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_NAME = 100


def normal(name: str) -> str:
    """A column name as it is compared: "Page_Content", "pageContent" and "page content" are the same."""
    return _normal(name) if len(name) <= _LONGEST_NAME else name.casefold()


@lru_cache(maxsize=4096)
def _normal(name: str) -> str:
    return _SEPARATORS.sub(" ", _CAMEL.sub(" ", name)).strip().casefold()


def known_name(name: str) -> bool:
    """Whether a cell reads like the name of a column rather than like data."""
    return len(name) <= _LONGEST_NAME and normal(name) in _ALL_NAMES


# A cell of a table may well read so, and would make its row the names of the columns.
_ALSO_CELLS = frozenset(
    ("q", "search", "suche", "frage", "ticket", "rel", "relevant", "relevant?", "topic", "recherche")
)
_ALL_NAMES = (
    frozenset(name for names in (*NAMES.values(), *QUERY_NAMES.values()) for name in names)
    .union(listed_names("query, question, category, tags, language, lang, date, author, price, source, rating, label"))
    .difference(_ALSO_CELLS)
)


def requested(
    columns: Sequence[str], wanted: Mapping[str, str] | None, roles: Sequence[str]
) -> tuple[dict[str, str], set[str]]:
    """What `choose` is told: the column of each role that names one, and the roles that no column serves. Raises
    InvalidDocumentsError for a role or a column that does not exist."""
    for role in wanted or ():
        if role not in roles:
            raise InvalidDocumentsError(f"There is no role called '{role}'.", hint=f"The roles are {', '.join(roles)}.")
    named = {role: _find(columns, name) for role, name in (wanted or {}).items() if name}
    return named, set(wanted or ()) - named.keys()


def first_named(metadata: Mapping[str, object], role: str) -> str | None:
    """The key of a document's metadata that is best known for a role, None where none is."""
    names = {normal(str(key)): key for key in reversed(list(metadata))}
    return next((names[name] for name in NAMES[role] if name in names), None)


def _find(columns: Sequence[str], name: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    there = ", ".join(f"'{column}'" for column in columns[:20]) or "none"
    raise InvalidDocumentsError(f"There is no column called '{name}'.", hint=f"The columns are: {there}.")


def is_number(cell: str) -> bool:
    """Whether a cell is nothing but a number as people write it: "1,234.50", "-3", "87 %"."""
    return len(cell) <= _LONGEST_NAME and _NUMBER.fullmatch(cell) is not None and any(map(str.isdigit, cell))


_NUMBER = re.compile(r"[-+]?[\d.,\s]++%?")
