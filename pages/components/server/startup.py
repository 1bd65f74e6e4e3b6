"""The start-up check: what the operator asked for and cannot hold is said in one sentence, and nothing starts.

Each check gives a sentence that says what is wrong and the cure, or None. A room that reads a section of the secrets
file adds its own check to `CHECKS` from app.py, so that a value that makes no sense is found before the first visitor.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import streamlit as st

from pages.components.server import access, addresses, deployment, limits, provider_sections, retention
from pages.components.server.guard import host_allowed
from rerank_core.errors import RerankError
from rerank_core.storage.sqlite_file import HOME_VARIABLE, home

log = logging.getLogger("rerank_playground")
Check = Callable[[], str | None]
_PROVIDER = ("client_id", "client_secret", "server_metadata_url")
_SECRET_LENGTH = 32
_HOLDS = ("auth", "access", "budget", "limits", "history", "database", "knowledge_bases")
"""The sections that hold somebody back, or say where all is kept: one whose name is misspelt would do nothing."""
_LIKE = 0.85
_GUIDE = "docs/operating.md has the whole section."


def begin() -> None:
    """Check; where something cannot hold, end the process with a sentence, a status that is not 0 and no traceback."""
    with contextlib.suppress(RerankError):  # the checks say it too
        deployment.remember()
    if found := problems():
        sys.exit("The app does not start.\n" + "\n".join(found))
    if deployment.open_to_others() and deployment.anonymous_allowed():
        log.warning(
            "%s is set: whoever reaches this app uses it without signing in, with what is saved here and with the "
            "keys that are set up.",
            deployment.ANONYMOUS_VARIABLE,
        )


def problems() -> list[str]:
    """What cannot hold of what the operator asked for, a sentence each with its cure; empty where all of it can."""
    found = []
    for check in CHECKS:
        try:
            sentence = check()
        except RerankError as error:
            sentence = str(error)
        if sentence is not None and sentence not in found:
            found.append(sentence)
    return found


def secrets_file() -> str | None:
    """The secrets file can be read, where there is one."""
    deployment.secrets()
    return None


def section_names() -> str | None:
    """No section of the secrets file has nearly the name of one that holds somebody back."""
    for name in deployment.secrets():
        near = difflib.get_close_matches(name.strip().lower(), _HOLDS, 1, _LIKE)
        if near and name not in _HOLDS:
            return (
                f"[{name}] in the secrets file means nothing here. Call it [{near[0]}], or give it quite another name."
            )
    return None


def sign_in() -> str | None:
    """`[auth]` is complete, for each provider that it names."""
    auth = deployment.secrets().get("auth")
    if auth is None:
        return None
    if not isinstance(auth, Mapping):
        return f"auth in the secrets file is not a section. Write it as [auth]; {_GUIDE}"
    for name in ("redirect_uri", "cookie_secret"):
        if not str(auth.get(name) or "").strip():
            return f"[auth] in the secrets file has no {name}. Add it; {_GUIDE}"
    if len(str(auth["cookie_secret"])) < _SECRET_LENGTH:
        return (
            f"The cookie_secret of [auth] is shorter than {_SECRET_LENGTH} characters, so sign-ins could be forged. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    for title, section in _providers(auth):
        if "_" in title:
            return f"{title} in the secrets file has an underscore in its name. Call it without one."
        if missing := [name for name in _PROVIDER if not str(section.get(name) or "").strip()]:
            return f"{title} in the secrets file has no {missing[0]}. Add it; {_GUIDE}"
        if not _is_safe(str(section["server_metadata_url"])):
            return f"The server_metadata_url of {title} is not an https address. Take the one that the provider gives."
    return None


def sign_in_address() -> str | None:
    """The address to which a sign-in returns leads back into this app."""
    redirect = str(deployment.section("auth").get("redirect_uri") or "")
    if not redirect:
        return None
    base = st.get_option("server.baseUrlPath").strip("/")
    path = f"/{base}/oauth2callback" if base else "/oauth2callback"
    if not _is_safe(redirect) or urlsplit(redirect).path != path:
        return (
            f'The redirect_uri of [auth] has to be the https address of this app with "{path}" behind its host. '
            "Correct it here and where the app is registered with the provider."
        )
    return None


def authlib() -> str | None:
    """The package that signs people in is there, where they are to sign in."""
    if "auth" not in deployment.secrets() or importlib.util.find_spec("authlib") is not None:
        return None
    return "Sign-in is set up and the package Authlib is missing. Install it: pip install -r requirements.txt"


def reach() -> str | None:
    """Others reach the app with a sign-in, or where the operator says that none is needed; not by an oversight."""
    if "auth" in deployment.secrets():
        if not deployment.anonymous_allowed():
            return None
        return (
            f"Sign-in is set up, and {deployment.ANONYMOUS_VARIABLE} lets people in without it. "
            "Take away the one that is not meant."
        )
    if deployment.anonymous_allowed() or not deployment.open_to_others():
        return None
    return (
        f"Others could reach this app (server.address is {st.get_option('server.address') or 'every address'}, "
        f"server.allowedHosts is {', '.join(st.get_option('server.allowedHosts')) or 'any name'}) and nobody signs in. "
        "Set up [auth] and [access] in the secrets file (docs/operating.md), or listen on 127.0.0.1 and go by "
        f"localhost; to let everybody in, set {deployment.ANONYMOUS_VARIABLE}=1."
    )


def host_names() -> str | None:
    """Where others reach the app it goes by names that the operator has chosen, the one of the sign-in among them."""
    names = [str(name).strip() for name in st.get_option("server.allowedHosts")]
    redirect = urlsplit(str(deployment.section("auth").get("redirect_uri") or "")).netloc
    if deployment.open_to_others() and (not names or "*" in names):
        return (
            "server.allowedHosts lets the app go by any name, so a page of another site could reach it through a "
            'visitor\'s browser. Name the hosts that people use, as in allowedHosts = ["rerank.example.org"].'
        )
    if redirect and not host_allowed(redirect):
        return (
            f"The redirect_uri of [auth] is at {redirect}, and server.allowedHosts does not have that name. "
            "Add it in .streamlit/config.toml."
        )
    return None


def server_options() -> str | None:
    """No option of Streamlit's goes around the sign-in."""
    if "auth" not in deployment.secrets():
        return None
    if st.get_option("server.trustedUserHeaders"):
        return (
            "server.trustedUserHeaders would let whoever writes those headers be anybody. Take it away: people sign in "
            "through [auth]."
        )
    if not st.get_option("server.enableXsrfProtection"):
        return "With server.enableXsrfProtection off, Streamlit knows nobody who has signed in. Set it to true."
    return None


def access_list() -> str | None:
    """Where people sign in, the list of who may come in makes sense and names somebody; elsewhere there is none."""
    found = access.read(deployment.section("access"))
    if "auth" not in deployment.secrets():
        if not deployment.section("access"):
            return None
        return f"[access] in the secrets file says who may come in, and nobody can sign in. Add [auth]; {_GUIDE}"
    if not found.allow:
        return (
            "Sign-in is set up and nobody is named who may come in. "
            'Add [access] with allow = ["@example.org"] or addresses to the secrets file.'
        )
    return None


def writable_home() -> str | None:
    """What people save can be written."""
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return (
            f"The folder {folder} cannot be written ({error.strerror or type(error).__name__}), and all that people "
            f"save goes there. Make it writable, or set {HOME_VARIABLE} to a folder that is."
        )


def _providers(auth: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    """The providers that `[auth]` names, with what the file calls them."""
    named = [(f"[auth.{key}]", value) for key, value in auth.items() if isinstance(value, Mapping)]
    named = [(title, section) for title, section in named if title != "[auth.client_kwargs]"]
    return [("[auth]", auth)] if any(name in auth for name in _PROVIDER) or not named else named


def _is_safe(address: str) -> bool:
    """Whether an address is https, or http on this computer."""
    try:
        split = urlsplit(address)
        host = split.hostname or ""
    except ValueError:
        return False
    return bool(host) and (split.scheme == "https" or (split.scheme == "http" and deployment.is_loopback(host)))


CHECKS: list[Check] = [
    secrets_file,
    section_names,
    sign_in,
    sign_in_address,
    authlib,
    access_list,
    reach,
    host_names,
    server_options,
    writable_home,
    limits.problem,
    retention.problem,
    addresses.problem,
    provider_sections.problem,
]
