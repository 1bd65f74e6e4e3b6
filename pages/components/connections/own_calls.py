"""What the calls of whoever looks have cost."""

from __future__ import annotations

import streamlit as st

from pages.components.jobs import ledger
from pages.components.server import deployment
from pages.components.session import owner, people


def show() -> None:
    """Draw the ledger of this person; where nobody signs in, that of this computer, as long as others cannot reach
    it."""
    if people.current() is None and deployment.shared():
        return  # whose calls are whose is not known, and nobody reads another's
    st.subheader("What your calls have cost")
    ledger.show(owner.keeper())
