"""Whether the app in this container answers its visitors: the status is 0 where it does. It needs Python alone."""

import os
import sys
import urllib.request


def main() -> int:
    """Ask the app, past any proxy that the environment names."""
    port = os.environ.get("STREAMLIT_SERVER_PORT", "8501")
    base = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    address = f"http://127.0.0.1:{port}/{base + '/' if base else ''}readyz"
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=4):
            return 0
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
