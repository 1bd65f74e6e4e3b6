"""Who is at the other end of a session, and whose things are."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.page import SIGN_IN, claims


def script() -> None:
    import streamlit as st

    from pages.components.session import owner, people

    st.text(repr(people.current()))
    st.text(people.name())
    st.text(owner.owner())
    st.text(owner.keeper())
    st.text(", ".join(str(owner.may_change(of)) for of in ("", "bob@example.com", "eve@example.com")))


def said(user: dict[str, object] | None, *, sign_in: bool = True) -> list[str]:
    """What the script says to somebody with these claims."""
    page = AppTest.from_function(script)
    if sign_in:
        for key, section in SIGN_IN.items():
            page.secrets[key] = section
    if user is not None:
        page.user = claims(**user)
    return [text.value for text in page.run().text]


def test_where_nobody_signs_in_everything_is_everybodys():
    """There is no person, nothing has a keeper, everybody may change it, and work belongs to the session."""
    person, name, owner, keeper, may = said(None, sign_in=False)
    assert (person, name, keeper, may) == ("None", "", "", "True, True, True")
    assert len(owner) > 20


def test_whose_work_a_job_is():
    """Where people sign in, work belongs to the person; else to the session, whose name nobody can guess."""
    assert said({"email": "Bob@Example.com"})[2] == "bob@example.com"
    assert said(None, sign_in=False)[2] != said(None, sign_in=False)[2]


@pytest.mark.parametrize(
    ("email", "may"),
    [
        ("bob@example.com", "False, True, False"),
        ("eve@example.com", "False, False, True"),
        ("ann@example.com", "True, True, True"),
    ],
)
def test_who_may_change_a_stored_thing(email, may):
    """Its owner and an operator; a thing of before there was sign-in, the operator alone."""
    assert said({"email": email})[4] == may


@pytest.mark.parametrize(
    ("given", "name"),
    [("Bob  Smith ", "Bob Smith"), (None, "bob@example.com"), ("x" * 99, "x" * 60), ("a\u202eb", "bob@example.com")],
)
def test_what_a_page_calls_a_person(given, name):
    """The name that the provider gave, at most 60 characters; the address where there is none that can be shown."""
    assert said({"email": "bob@example.com", "name": given})[1] == name


@pytest.mark.parametrize(
    "user", [None, {"email": "bob@elsewhere.example"}, {"email": "bob@example.com", "email_verified": False}]
)
def test_a_stranger_gets_nothing_from_a_part_that_asks(user):
    """Where something went around the gate, the run ends at the first part that asks who is there."""
    assert said(user) == []
