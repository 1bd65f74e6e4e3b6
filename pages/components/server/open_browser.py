"""The page in a browser, once the server listens."""

from __future__ import annotations

import socket
import time
import webbrowser

import streamlit as st


def open_browser(address: str, port: int) -> None:
    """Open the page once the server listens; `streamlit run` opens none for an ASGI entry point."""
    for _ in range(100):
        try:
            socket.create_connection((address, port), timeout=0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            base = st.get_option("server.baseUrlPath").strip("/")
            webbrowser.open(f"http://localhost:{port}/{base}")
            return
