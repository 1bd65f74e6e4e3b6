"""Whose a stored thing is, who may open it and who may change it: asked by every store before it does anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rerank_core.errors import RerankError

NOT_SHARED, NOT_YOURS, TOO_MANY = "not_shared", "not_yours", "too_many_kept"
"""The codes of what is refused: to open another's thing, to change it, to keep more than one person may."""


class Ownership(NamedTuple):
    """Whose a stored thing is ("" for everybody's, as all was before people signed in), whether its owner shares it
    with everyone here, and whether it is pinned: what is pinned never makes room for newer."""

    owner: str
    shared: bool = False
    pinned: bool = False


EVERYBODYS = Ownership("")
"""Of what was stored before people signed in, or where nobody does."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever uses a store.

    `person` is what they signed in as, None where nobody signs in: everything is everybody's then. An operator may
    open and change everything, and sees the lists of everybody else.
    """

    person: str | None = None
    operator: bool = False

    @property
    def keeper(self) -> str:
        """Whose the things are that they store."""
        return self.person or ""

    def may_change(self, owner: str) -> bool:
        """Whether they may rename, delete, share, pause or go on with a thing of this owner."""
        return self.person is None or self.operator or (self.person == owner and bool(owner))

    def may_open(self, owner: str, shared: bool) -> bool:
        """Whether they may read a thing of this owner."""
        return shared or not owner or self.may_change(owner)

    def lists(self, owner: str, shared: bool) -> bool:
        """Whether a thing of this owner stands in their lists: their own, what is shared, and everybody's."""
        return self.person is None or shared or owner in ("", self.person)


NOBODY_SIGNS_IN = Actor()
"""For the library, and for a computer that one person has to themselves."""


def refuse_opening(actor: Actor, owned: Ownership, error: type[RerankError], what: str) -> None:
    """Raise `error` (code not_shared) unless they may open a thing; `what` is what a sentence calls it ("run"). Nothing
    is said of the thing, and not whose it is."""
    if not actor.may_open(owned.owner, owned.shared):
        raise error(
            f"This {what} is not shared with you.",
            code=NOT_SHARED,
            hint="Ask whoever gave you the link to share it with everyone here.",
        )


def refuse_change(actor: Actor, owned: Ownership, error: type[RerankError], what: str) -> None:
    """Raise `error` unless they may change a thing: code not_shared where they may not even open it, not_yours else."""
    refuse_opening(actor, owned, error, what)
    if not actor.may_change(owned.owner):
        whose = f"belongs to {owned.owner}" if owned.owner else "is from before people signed in here"
        who = "its owner or an operator" if owned.owner else "an operator"
        raise error(f"This {what} {whose}.", code=NOT_YOURS, hint=f"Only {who} can change it.")


def refuse_more(kept: int, most: int, error: type[RerankError], what: str) -> None:
    """Raise `error` (code too_many_kept) where somebody keeps as many things as one person may."""
    if kept >= most:
        raise error(
            f"You keep {kept:,} {what}, and {most:,} is the most for one person here.",
            code=TOO_MANY,
            hint="Delete some that you no longer need.",
        )


def refuse_size(kept: int, most: int, error: type[RerankError], what: str, such_as: str = "") -> None:
    """Raise `error` (code too_many_kept) where what somebody keeps of a kind takes more than so many bytes. `such_as`
    names what to delete."""
    if kept > most:
        raise error(
            f"With this your {what} would take {kept / 1e6:,.0f} MB, and {most / 1e6:,.0f} MB is the most for one "
            "person here.",
            code=TOO_MANY,
            hint=f"Delete some that you no longer need{f', such as {such_as}' if such_as else ''}, or ask whoever runs "
            "this server for more.",
        )
