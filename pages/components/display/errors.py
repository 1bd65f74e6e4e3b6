"""How a failure is shown: a heading of ours, then the error's own message and hint as plain text.

A message can carry words of a provider, and a provider's words can carry a document's; so neither is ever drawn
through markdown, where a picture's address would be fetched and `$x$` become a formula.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

import rerank_core as rc
from pages.components.monitoring import metrics
from rerank_core.errors import BudgetExceededError, SpendingLimitError, reference

log = logging.getLogger("rerank_playground")
# What is the person's own to change, and nothing that whoever runs the server would look for in its log.
_NOT_LOGGED = (rc.InvalidRequestError, SpendingLimitError)
_NOT_LOGGED_CODES = ("too_many_jobs", "too_much_work", "experiment_not_found", "query_set_not_found")

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
        f"look at the server's log for the reference {reference(error)}.",
        icon=":material/error:",
    )
    # Streamlit's own line with the traceback stands before it, and does not know the page's reference.
    log.error("A page failed with %s, reference %s", type(error).__name__, reference(error))
    metrics.failed("page")


def _is_logged(error: rc.RerankError) -> bool:
    return not isinstance(error, _NOT_LOGGED) and error.code not in _NOT_LOGGED_CODES


def _logged(error: rc.RerankError) -> str:
    """The reference of an error, which stands in the log once, beside facts of our own: its words may be anybody's."""
    if not error.__dict__.setdefault("shown", False):
        error.__dict__["shown"] = True
        status = f", HTTP status {error.status}" if error.status else ""
        log.warning("A page shows %s%s, reference %s", type(error).__name__, status, reference(error))
    return reference(error)


def _facts(error: rc.RerankError) -> str:
    facts = [f"HTTP status {error.status}" if error.status else "", f"code {error.code}" if error.status else ""]
    facts.append(f"request {error.request_id}" if error.request_id else "")
    facts.append(f"reference {_logged(error)}" if _is_logged(error) else "")
    return ", ".join(fact for fact in facts if fact)
