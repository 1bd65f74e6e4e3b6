"""How a failure is shown: a heading of ours, then the error's own message and hint as plain text.

A message can carry words of a provider, and a provider's words can carry a document's; so neither is ever drawn
through markdown, where a picture's address would be fetched and `$x$` become a formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

import rerank_core as rc
from rerank_core.errors import BudgetExceededError, SpendingLimitError

_HEADINGS: tuple[tuple[type[rc.RerankError], str], ...] = (
    (rc.AuthenticationError, "The key was not accepted"),
    (rc.PermissionDeniedError, "The key may not do this"),
    (rc.ModelNotFoundError, "There is no such model"),
    (rc.RateLimitedError, "Too many requests"),
    (rc.QuotaExceededError, "The credit at the provider is used up"),
    (BudgetExceededError, "This is beyond the budget here"),
    (SpendingLimitError, "The spending limit would be passed"),
    (rc.RequestTimeoutError, "No answer in time"),
    (rc.ConnectionFailedError, "No connection"),
    (rc.ProviderError, "The service failed"),
    (rc.BadResponseError, "The answer makes no sense"),
    (rc.InvalidRequestError, "This cannot be ranked as it is"),
    (rc.ConfigurationError, "The connection is not set up"),
)
# Errors of our own that their code tells apart.
_HEADINGS_BY_CODE = {
    "too_many_jobs": "Too much is waiting",
    "too_much_work": "This is too much for one run",
    "experiment_file": "The file of query sets and experiments cannot be used",
    "experiment_not_found": "This run is not here",
    "query_set_not_found": "This query set is not here",
}


def heading(error: rc.RerankError) -> str:
    """A few words of our own for this kind of error."""
    if error.code in _HEADINGS_BY_CODE:
        return _HEADINGS_BY_CODE[error.code]
    return next((words for kind, words in _HEADINGS if isinstance(error, kind)), "That did not work")


def show(error: rc.RerankError, *, title: str | None = None) -> None:
    """Draw an error: what happened, what to do next, and the few facts that a support team asks for."""
    show_text(title or heading(error), error.message, error.hint, _facts(error))


def show_text(title: str, *lines: str) -> None:
    """Draw a failure in plain text under a heading; `title` is ours, the lines may be anybody's."""
    with st.container(gap="xsmall"):
        st.error(title, icon=":material/error:")
        for line in lines:
            if line:
                st.text(line)


@contextmanager
def said() -> Iterator[None]:
    """What goes wrong in here and nothing else has told is said on the page, below what it has drawn so far."""
    try:
        yield
    except rc.RerankError as error:
        show(error)


def message_and_error(message: str, error: rc.RerankError | None, *, title: str | None = None) -> None:
    """Draw a sentence of ours about what became of a piece of work, and what went wrong with it."""
    if message:
        st.info(message, icon=":material/info:")
    if error is not None:
        show(error, title=title)


def show_unexpected(error: Exception) -> None:
    """Draw what nobody foresaw: no detail, since a detail can hold what somebody typed. Streamlit has logged it."""
    if isinstance(error, rc.RerankError):
        show(error)
        return
    st.error(
        "Something went wrong on this page. What you typed is still here: try again, and if it happens once more, "
        "look at the server's log.",
        icon=":material/error:",
    )


def _facts(error: rc.RerankError) -> str:
    facts = [f"HTTP status {error.status}" if error.status else "", f"code {error.code}" if error.status else ""]
    facts.append(f"request {error.request_id}" if error.request_id else "")
    return ", ".join(fact for fact in facts if fact)
