"""ONNX Runtime, with its reports to Microsoft turned off before it starts.

Official builds from 1.31 on send trace events to https://mobile.events.data.microsoft.com and keep a device id
under the home folder unless `ORT_DISABLE_TELEMETRY` is set before the library is loaded (its Privacy.md). What
runs on this computer here says that nothing leaves it, so nothing else in this project imports onnxruntime.
"""

from __future__ import annotations

import os
from typing import Any


def onnxruntime() -> Any:
    """The onnxruntime module. Raises ImportError where it cannot be loaded."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as module  # type: ignore[import-untyped]  # the wheel has no type hints

    # For a process in which something else loaded it first, and for builds that use Windows' own event log.
    module.disable_telemetry_events()
    return module
