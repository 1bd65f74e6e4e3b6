"""The blind test: columns without names, one vote a comparison, and the tally, which is kept on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import streamlit as st

from pages.components.compare.state import CompareState, Part, state
from pages.components.display import errors
from pages.components.display.download import download
from pages.components.display.ownership import SHARE
from pages.components.inputs.examples import TITLES, load_example
from pages.components.session import keys, people, stores, unsaved
from pages.components.session.texts import OWN, texts
from rerank_core.exports.comparison import votes_csv
from rerank_core.ranking.blind_test import Vote, shuffled
from rerank_core.ranking.contender import full_name, key_of, read_keys
from rerank_core.storage.sqlite_file import StoreError

STORIES = [name for name in TITLES if name != OWN]


def toggle() -> None:
    """The switch of the blind test."""
    st.toggle(
        "Blind test",
        key=keys.BLIND,
        on_change=_switched,
        persist_state="session",
        help="Shuffles the columns and hides whose they are until you have said which order is better.",
    )


def on() -> bool:
    """Whether the blind test is switched on."""
    return bool(st.session_state.get(keys.BLIND))


def hidden(current: CompareState) -> bool:
    """Whether the names are hidden now: there must be two orders to choose between."""
    return on() and not current.revealed and (current.under_way or len(current.answered) > 1)


def _switched() -> None:
    # The columns were just seen with their names, so they are shuffled anew; a fair vote takes another question.
    current = state()
    _save_runs()
    current.shuffle, current.revealed, current.picked = shuffled(len(current.parts)), False, None
    current.seen_named = current.round if on() else ""


def _save_runs() -> None:
    """A vote, and who has seen which names, is about runs that a reload finds again."""
    current = state()
    for part in current.answered:
        if part.run is not None:
            part.run = unsaved.saved(part.run)


def remember() -> None:
    """Take over the votes that were given on this machine before; without them where they cannot be read."""
    with contextlib.suppress(StoreError):
        state().tally = stores.votes().tally()


def restored() -> None:
    """What is known of the runs that the page has just opened again: their vote with its names, or that the names
    were on the screen before."""
    current = state()
    with contextlib.suppress(StoreError):
        given = stores.votes().round_of([part.run_id for part in current.answered])
        if given is not None:
            current.round, current.revealed = given, True
        if given is not None or stores.votes().named([part.run_id for part in current.parts]):
            current.seen_named = current.round


def shown_named() -> None:
    """The orders are, or were, on the screen with their names: no fair vote on them, after a reload either."""
    current = state()
    if current.named == current.round:
        return
    current.named = current.round
    with contextlib.suppress(StoreError):  # the vote itself says when it cannot be kept
        stores.votes().set_named([part.run_id for part in current.parts])


def vote(current: CompareState, parts: Sequence[Part], names: Sequence[str]) -> None:
    """In a blind test, ask which order is better, or say what was chosen, with the tally."""
    if current.vote_error is not None:
        errors.show(current.vote_error, title="The votes cannot be kept")
        current.vote_error = None
    if _asked(len(parts)):
        with st.container(border=True, key=keys.BLIND_TEST, gap="small"):
            if current.revealed:
                _chosen(current, parts, names)
            else:
                _ask(current, parts, names)
            _tally(current)


def earlier_votes(current: CompareState, orders: int) -> None:
    """The tally of earlier blind tests, where this is none. It is drawn below the board, which comes first."""
    if current.tally.votes and not _asked(orders):
        with st.container(border=True, gap="small"):
            _tally(current)


def _asked(orders: int) -> bool:
    return on() and orders > 1


def _ask(current: CompareState, parts: Sequence[Part], names: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Which order is better?**", width="content")
        for number, (part, name) in enumerate(zip(parts, names, strict=True), start=1):
            st.button(name, key=keys.of(keys.VOTE, number), shortcut=str(number), on_click=_voted, args=(part,))
        st.button("No difference", key=keys.VOTE_0, shortcut="0", on_click=_voted, args=(None,))
        st.button("Reveal the names", type="tertiary", icon=":material/visibility:", on_click=_reveal)
    if current.seen_named == current.round:
        st.caption("These orders have been shown with their names. For a fair vote, take another question.")


def _chosen(current: CompareState, parts: Sequence[Part], names: Sequence[str]) -> None:
    given = current.tally.of(current.round)
    if given is None:
        words = "The names are revealed, so this comparison takes no vote."
    elif given.winner is None:
        words = "You saw no difference."
    else:
        who = next(name for part, name in zip(parts, names, strict=True) if key_of(part.contender) == given.winner)
        words = f"You chose {who}."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/how_to_vote: **{words}**", width="content")
        if texts().example in STORIES:
            st.button("Next example", icon=":material/skip_next:", on_click=_next_example)
        else:
            st.caption("Type another question and press Compare for the next round.", width="content")


def _tally(current: CompareState) -> None:
    if not current.tally.votes:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(current.tally.text(_label), width="content")
        tally = current.tally
        download(
            "Votes",
            lambda: votes_csv(tally, _label),
            "blind-test-votes.csv",
            type="tertiary",
            help="A CSV with each round: the question, the models shown, the one chosen.",
        )
        signed_in = people.current() is not None
        with st.popover("Forget the votes", type="tertiary", icon=":material/restart_alt:"):
            whose = (
                "your own votes; what others share stays" if signed_in else "all votes that are kept on this machine"
            )
            st.text(f"Forget {whose}? This cannot be undone.")
            st.button("Yes, forget them", on_click=_forget, key=keys.FORGET_VOTES)
        if signed_in:
            _share_switch()


def _share_switch() -> None:
    """Whether one's own votes count for everyone here; those of the tally that are one's own, in words."""
    with contextlib.suppress(StoreError):  # the vote itself says when votes cannot be kept
        store = stores.votes()
        st.session_state[keys.SHARE_VOTES] = store.shared()
        st.text(f"{store.own():,} of them yours", width="content")
        st.toggle(
            SHARE, key=keys.SHARE_VOTES, on_change=_share, help="Everyone who signs in here counts your votes too."
        )


def _share() -> None:
    try:
        stores.votes().share(bool(st.session_state[keys.SHARE_VOTES]))
    except StoreError as error:
        state().vote_error = error


def _label(key: str) -> str:
    found = read_keys(key)
    return full_name(found[0]) if found else key


def _voted(part: Part | None) -> None:
    current = state()
    _save_runs()
    keys = tuple(key_of(each.contender) for each in current.answered)
    run = current.answered[0].run
    winner = None if part is None else key_of(part.contender)
    given = Vote(current.round, keys, winner, run.query if run else "")
    current.tally, current.revealed = current.tally.with_vote(given), True
    try:
        stores.votes().add(given, [part.run_id for part in current.answered])
        current.tally = stores.votes().tally()
    except StoreError as error:
        current.vote_error = error


def _reveal() -> None:
    state().revealed = True


def _forget() -> None:
    current = state()
    current.tally = type(current.tally)()
    try:
        stores.votes().forget()
        current.tally = stores.votes().tally()
    except StoreError as error:
        current.vote_error = error


def _next_example() -> None:
    place = STORIES.index(texts().example or STORIES[0])
    following = STORIES[(place + 1) % len(STORIES)]
    load_example(following)
