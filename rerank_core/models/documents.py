"""The documents of a call, validated when they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rerank_core.errors import InvalidDocumentsError
from rerank_core.rank_fields import TEXT, TEXT_ONLY, ranked_text


@dataclass(frozen=True, slots=True)
class Document:
    """A piece of text to be ranked.

    `id` is the caller's own name for it and `metadata` whatever else belongs to it; neither leaves the
    machine. An id that is not a string is turned into one (9 becomes "9"). Raises InvalidDocumentsError
    where `text` is not a string or `metadata` not a mapping.
    """

    text: str
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidDocumentsError(f"A document's text is {kind_of(self.text)}, not a string.")
        if not isinstance(self.metadata, Mapping):
            raise InvalidDocumentsError(f"A document's metadata is {kind_of(self.metadata)}, not a mapping.")
        if self.id is not None and not isinstance(self.id, str):
            object.__setattr__(self, "id", str(self.id))
        object.__setattr__(self, "metadata", dict(self.metadata))


DocumentInput = str | Mapping[str, Any] | Document


def as_documents(values: Iterable[DocumentInput]) -> tuple[Document, ...]:
    """Turn strings, objects with a `text` and Documents into Documents; the input is left as it was.

    Keys of an object other than `text`, `id` and `metadata` (where that is a mapping) become metadata.
    Raises InvalidDocumentsError, naming the place, for anything else.
    """
    _check_list(values)
    return tuple([_as_document(value, place) for place, value in enumerate(values)])


class TextsAlone(tuple[str, ...]):
    """Documents that nobody has looked at yet: their texts, all that they are made of."""

    __slots__ = ()


def documents_or_texts(values: Iterable[DocumentInput]) -> tuple[Document, ...] | TextsAlone:
    """What `as_documents` gives, and with its errors; of strings alone no more than their texts."""
    _check_list(values)
    given = tuple(values)
    if given and set(map(type, given)) == {str}:
        return TextsAlone(given)  # type: ignore[arg-type]  # they are strings
    return as_documents(given)


def texts_of(values: Iterable[DocumentInput], rank_fields: Sequence[str] = TEXT_ONLY) -> list[str]:
    """The ranked texts of whatever `as_documents` takes, and with its errors; quicker for a list of strings."""
    _check_list(values)
    values = list(values)
    if all(isinstance(value, str) for value in values) and TEXT in rank_fields:
        return [value for value in values if isinstance(value, str)]
    return [ranked_text(document, rank_fields) for document in as_documents(values)]


def _check_list(values: object) -> None:
    """Refuse what is no list of documents, although much of it can be iterated: a table gives its columns' names."""
    is_other = isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable)
    if is_other or getattr(values, "ndim", 1) != 1:
        raise InvalidDocumentsError(f"The documents are {kind_of(values)}, not a list.")


def _as_document(value: object, place: int) -> Document:
    if type(value) is str:
        return document_of(value)
    if isinstance(value, Document):
        return value
    if isinstance(value, str):
        return Document(value)
    if isinstance(value, Mapping):
        text = value.get("text")
        if not isinstance(text, str):
            wrong = f"its text is {kind_of(text)}" if "text" in value else "it has no 'text'"
            raise InvalidDocumentsError(f"Document {place + 1} cannot be ranked: {wrong}.")
        nested = value.get("metadata")
        metadata = dict(nested) if isinstance(nested, Mapping) else {}
        dropped = {"text", "id"} | ({"metadata"} if isinstance(nested, Mapping) else set())
        metadata.update({str(key): item for key, item in value.items() if key not in dropped})
        return Document(text, value.get("id"), metadata)
    raise InvalidDocumentsError(f"Document {place + 1} is {kind_of(value)}, not a string or an object with text.")


def kind_of(value: object) -> str:
    """A Python type in words that a person reads."""
    names = {type(None): "nothing", bool: "true or false", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")


# Without its checks, since a frozen dataclass sets each field through object.__setattr__ and looks at it again, which
# takes three times as long.
_new = object.__new__
_set_text, _set_id, _set_metadata = (Document.__dict__[name].__set__ for name in ("text", "id", "metadata"))


def document_of(text: str, name: str | None = None, metadata: Mapping[str, Any] | None = None) -> Document:
    """The Document of a string, and of a name and metadata of which nobody else holds the mapping."""
    document = _new(Document)
    _set_text(document, text)
    _set_id(document, name)
    _set_metadata(document, {} if metadata is None else metadata)
    return document
