"""Who may come in: the operator's list of e-mail addresses and domains, and what a sign-in says about somebody.

The list is `[access]` in the secrets file. It is read again as soon as the file changes, so that somebody who is taken
off it is out without a restart; everything else in the file counts from the next start on.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.secrets import Secrets

from pages.components.server import deployment
from rerank_core.errors import ConfigurationError

log = logging.getLogger("rerank_playground")
_ADDRESS, _DOMAIN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), re.compile(r"@[^@\s*]+\.[^@\s*]+")
_KNOWN = {"allow", "operators", "contact"}
# Microsoft Entra says "email_verified" of no work account; this optional claim of its own says the same.
_VERIFIED_BY = ("email_verified", "xms_edov")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in and may come in.

    `email` is verified and in lower case; `operator` says whether they run the app.
    """

    email: str
    operator: bool


@dataclass(frozen=True, slots=True)
class AccessList:
    """Who may come in. `allow` has addresses and domains ("@example.com"), `operators` addresses, all in lower case;
    `contact` says who to turn to, and is empty where the operator named nobody."""

    allow: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    contact: str = ""

    def admits(self, email: str) -> bool:
        """Whether somebody with this verified address may come in. A domain does not stand for those below it."""
        return email in self.allow or "@" + email.rpartition("@")[2] in self.allow

    def person(self, claims: Mapping[str, object]) -> Person | None:
        """Who these claims of an identity provider stand for; None where that is nobody who may come in."""
        email = verified_email(claims)
        return Person(email, email in self.operators) if email and self.admits(email) else None


def verified_email(claims: Mapping[str, object]) -> str:
    """The address in the claims of a sign-in, in lower case; empty where there is none, or none that was verified."""
    email = str(claims.get("email") or "").strip().lower()
    verified = any(str(claims.get(name)).lower() in ("true", "1") for name in _VERIFIED_BY)
    return email if claims.get("is_logged_in") is True and verified and _ADDRESS.fullmatch(email) else ""


def read(section: Mapping[str, object]) -> AccessList:
    """The list as `[access]` of the secrets file says it. Raises ConfigurationError where it makes no sense."""
    if unknown := sorted(set(section) - _KNOWN):
        raise ConfigurationError(
            f"[access] in the secrets file holds {unknown[0]}, which means nothing there.",
            hint=f"Use only {', '.join(sorted(_KNOWN))}.",
        )
    allow = _entries(section, "allow")
    for entry in allow:
        if not (_DOMAIN if entry.startswith("@") else _ADDRESS).fullmatch(entry):
            raise ConfigurationError(
                f'[access] allow in the secrets file holds "{entry}", which is no e-mail address and no domain.',
                hint='Write an address as "ann@example.org", and everybody at a domain as "@example.org".',
            )
    found = AccessList(allow, _entries(section, "operators"), str(section.get("contact") or "").strip())
    if outside := sorted(each for each in found.operators if not found.admits(each)):
        raise ConfigurationError(
            f'[access] operators in the secrets file holds "{outside[0]}", who is not let in.',
            hint="Add them to allow too, as an address or by their domain.",
        )
    return found


def _entries(section: Mapping[str, object], name: str) -> frozenset[str]:
    """A list of texts of the section, in lower case. A single text is a list of one."""
    value = section.get(name, [])
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) and entry.strip() for entry in entries):
        raise ConfigurationError(
            f"[access] {name} in the secrets file is not a list of texts.", hint=f'Write {name} = ["ann@example.org"].'
        )
    return frozenset(entry.strip().lower() for entry in entries)


def current() -> AccessList:
    """The list as it is now. Where the file has become unreadable since the start, the last one that could be read."""
    stamp = _stamp()
    with _lock:
        if stamp != _reading.stamp:
            _reading.stamp = stamp
            try:
                section = Secrets().to_dict().get("access")
                if deployment.signs_in() and not (isinstance(section, Mapping) and "allow" in section):
                    # somebody may be writing it at this moment; to let nobody in, allow = [] says so
                    raise ConfigurationError("the file has no [access] with allow.", hint="Write it whole.")
                _reading.found = read(section if isinstance(section, Mapping) else {})
                log.info("The list of who may come in has been read again.")
            except (ConfigurationError, StreamlitSecretNotFoundError, OSError, UnicodeDecodeError) as error:
                _reading.found = _reading.found or read(deployment.section("access"))
                log.error("The list of who may come in stays as it was: %s", error)
        if _reading.found is not None:
            return _reading.found
    return read(deployment.section("access"))


def _stamp() -> tuple[object, ...]:
    """What tells one state of the secrets files from another."""
    paths = [Path(path) for path in st.get_option("secrets.files")]
    found: list[object] = []
    for path in [*paths, *(inner for folder in paths if folder.is_dir() for inner in sorted(folder.rglob("*")))]:
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(found)


@dataclass
class _Reading:
    """The last look at the files. `found` is None as long as they are those of the start, which Streamlit has read."""

    stamp: tuple[object, ...]
    found: AccessList | None = None


_lock, _reading = threading.Lock(), _Reading(_stamp())
