"""The board's host page behind the guard of the product, so that its policy holds here too."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from pages.components.display import component
from pages.components.server.guard import Guard

app = st.App(Path(__file__).with_name("board_host.py"), routes=component.routes(), middleware=[Middleware(Guard)])
