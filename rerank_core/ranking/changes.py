"""What differs between two answers, and what became of the order: what was asked, of whom, how, and what came back."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rerank_core.errors import ConfigurationError
from rerank_core.models import Document, RerankResponse
from rerank_core.rank_fields import written
from rerank_core.ranking.contender import Contender, full_name
from rerank_core.ranking.orders import Comparison, compare_orders


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is no longer as it was: `what` it is ("Model"), and how it was and is, for a person."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """What became of the documents. `same` counts those whose text, title and other fields are as they were; `edited`
    pairs each document that has kept its id with what it is now; `reordered` says that those that stayed were given in
    another order."""

    same: int
    added: tuple[Document, ...] = ()
    removed: tuple[Document, ...] = ()
    edited: tuple[tuple[Document, Document], ...] = ()
    reordered: bool = False

    @property
    def none(self) -> bool:
        """Whether they are the very same, in the same order."""
        return not (self.added or self.removed or self.edited or self.reordered)

    @property
    def text(self) -> str:
        """The change in words: "2 added, 1 removed, 17 the same"; empty where there is none."""
        parts = [(len(self.added), "added"), (len(self.removed), "removed"), (len(self.edited), "edited")]
        said = [f"{many:,} {what}" for many, what in parts if many]
        said += ["given in another order"] if self.reordered else []
        return ", ".join([*said, f"{self.same:,} the same"]) if said else ""


@dataclass(frozen=True, slots=True)
class AnswerChanges:
    """What differs between two answers.

    `asked` has the query, the fields, the model and the settings that changed, in this sequence. `order` compares the
    two orders; its keys are numbers of documents: the place in the earlier input, and for documents that are only in
    the later one further numbers. `shown` maps each such number to the document, as it is in the later answer where it
    is there.
    """

    asked: tuple[Change, ...]
    documents: DocumentChanges
    order: Comparison
    shown: Mapping[Hashable, Document] = field(hash=False)

    @property
    def same_question(self) -> bool:
        """Whether the very same was asked in every respect."""
        return not self.asked and self.documents.none


def answer_changes(
    before: RerankResponse,
    after: RerankResponse,
    settings: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    k: int = 10,
) -> AnswerChanges:
    """Hold a later answer against an earlier one; `settings` are what else was chosen for each, by its name for a
    person; `k` (from 1) is the depth of the comparison of the orders.

    Documents count as one where they are equal, else where they have the same id, else where they have the same text.
    """
    asked = [
        Change("Query", before.request.query, after.request.query),
        Change("What the model reads", written(before.request.rank_fields), written(after.request.rank_fields)),
        Change("Model", model_name(before), model_name(after)),
    ]
    asked += changed_settings(*settings)
    pairs = matched(before.request.documents, after.request.documents)
    order, shown = _orders(before, after, pairs, k)
    return AnswerChanges(
        tuple(one for one in asked if one.before != one.after),
        _documents(before.request.documents, after.request.documents, pairs),
        order,
        shown,
    )


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """The settings that differ, in the sequence of the earlier ones; what one of the two lacks is "–" there."""
    names = dict.fromkeys([*before, *after])
    found = [Change(name, before.get(name, "–"), after.get(name, "–")) for name in names]
    return [one for one in found if one.before != one.after]


def model_name(response: RerankResponse) -> str:
    """The model that answered, with its connection."""
    asked = Contender(response.provider, response.model)
    try:
        return full_name(asked)
    except ConfigurationError:  # a provider that is not known any more
        return asked.label


def matched(before: Sequence[Document], after: Sequence[Document]) -> dict[int, int]:
    """The place of each later document with that of the earlier one that it is; each stands once.

    Equal ones come first, then those of the same id, then those of the same text: among several alike the first ones.
    """
    pairs: dict[int, int] = {}
    left = set(range(len(before)))
    kinds: tuple[Callable[[Document], Hashable | None], ...] = (_content, lambda one: one.id, lambda one: one.text)
    for kind in kinds:
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for place, document in enumerate(before):
            if place in left and (key := kind(document)) is not None:
                waiting[key].append(place)
        for place, document in enumerate(after):
            key = kind(document)
            if place not in pairs and key is not None and waiting.get(key):
                pairs[place] = waiting[key].popleft()
                left.discard(pairs[place])
    return pairs


def _content(document: Document) -> Hashable:
    return document.text, document.id, repr(sorted(document.metadata.items(), key=lambda pair: str(pair[0])))


def _documents(before: Sequence[Document], after: Sequence[Document], pairs: Mapping[int, int]) -> DocumentChanges:
    edited = tuple((before[was], after[now]) for now, was in pairs.items() if _said(before[was]) != _said(after[now]))
    kept = set(pairs.values())
    places = [pairs[now] for now in sorted(pairs)]
    return DocumentChanges(
        same=len(pairs) - len(edited),
        added=tuple(document for place, document in enumerate(after) if place not in pairs),
        removed=tuple(document for place, document in enumerate(before) if place not in kept),
        edited=edited,
        reordered=places != sorted(places),
    )


def _said(document: Document) -> Hashable:
    """What a model may read of a document: its id is not of that."""
    return document.text, repr(sorted(document.metadata.items(), key=lambda pair: str(pair[0])))


def _orders(
    before: RerankResponse, after: RerankResponse, pairs: Mapping[int, int], k: int
) -> tuple[Comparison, dict[Hashable, Document]]:
    size = len(before.request.documents)
    shown: dict[Hashable, Document] = dict(enumerate(before.request.documents))

    def number(place: int) -> int:
        return pairs.get(place, size + place)

    for place, document in enumerate(after.request.documents):
        shown[number(place)] = document
    was: Iterable[int] = (row.index for row in before.results)
    now: Iterable[int] = (number(row.index) for row in after.results)
    return compare_orders(was, now, k), shown
