"""How much of this computer the people who open the app may take: `[limits]` of the secrets file.

Each field of `ServerLimits` is a setting of its own name. Whoever needs one more adds a field, with a default that
suits one laptop; it is read, checked at the start and refused in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pages.components.server import deployment
from rerank_core.errors import ConfigurationError

SECTION = "limits"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What the operator allows. Every value is a number of at least 1.

    upload_megabytes_session: what the files that one session has uploaded may hold together, in millions of bytes;
        those on their way and those that stand on a page.
    upload_megabytes_total: the same of all sessions together.
    tokens_per_run: what one run may read, documents times the tokens of each: by default some hours of two cores, or a
        million short documents.
    jobs_per_owner: how many long pieces of work, and as many short ones, one person has running at the same time. What
        is more waits.
    runs_per_owner, runs_megabytes_per_owner: how many runs of one person there are that nobody keeps,
        and how many millions of bytes all of them take. What was saved first makes room.
    query_sets_per_owner, query_sets_megabytes_per_owner: how many query sets one person keeps, and how many millions of
        bytes all of them take.
    experiments_megabytes_per_owner: how many millions of bytes the experiments of one person take, with their answers.
        Those that nobody keeps make room, the first one first.
    knowledge_bases_per_owner, knowledge_bases_megabytes_per_owner: how many knowledge bases one person keeps, and what
        all their files may take, with the indexes and vectors.
    """

    upload_megabytes_session: int = 400
    upload_megabytes_total: int = 1_000
    tokens_per_run: int = 100_000_000
    jobs_per_owner: int = 4
    runs_per_owner: int = 20_000
    runs_megabytes_per_owner: int = 1_000
    query_sets_per_owner: int = 1_000
    query_sets_megabytes_per_owner: int = 5_000
    experiments_megabytes_per_owner: int = 2_000
    knowledge_bases_per_owner: int = 100
    knowledge_bases_megabytes_per_owner: int = 50_000


def limits() -> ServerLimits:
    """The limits as the operator has set them. Raises ConfigurationError where one makes no sense."""
    found = deployment.checked_section(SECTION)
    if said := _wrong(found):
        raise ConfigurationError(said, hint="Correct .streamlit/secrets.toml, and restart the app.")
    return ServerLimits(**found)


def problem() -> str | None:
    """For the start-up check: what makes no sense about the section, with its cure; None where all does."""
    limits()
    return None


def _wrong(found: Mapping[str, Any]) -> str | None:
    known: dict[str, Any] = asdict(ServerLimits())
    for name, value in found.items():
        if name not in known:
            return f"[{SECTION}] in secrets.toml knows no '{name}'. Use {', '.join(known)}."
        whole = isinstance(known[name], int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 1 <= value < 10**15:
            kind = "a whole number" if whole else "a number"
            return f"[{SECTION}] {name} in secrets.toml must be {kind} of at least 1, such as {known[name]}."
    merged = known | dict(found)
    if merged["upload_megabytes_total"] < merged["upload_megabytes_session"]:
        return (
            f"[{SECTION}] upload_megabytes_total in secrets.toml must be at least upload_megabytes_session, "
            f"{merged['upload_megabytes_session']}."
        )
    return None
