"""`make bench`: every benchmark in turn, each in a process of its own, under a line about the machine.

`make bench ARGS="client engine"` runs some of them. Figures on a shared machine wander: quote the ratios.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

VERSIONS = ("streamlit", "httpx", "onnxruntime", "tokenizers", "numpy", "pandas")


def machine() -> str:
    """Processor, cores, Python and the versions that matter, as a Markdown paragraph."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in VERSIONS)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}."


def main(chosen: list[str]) -> int:
    """Run the benchmarks named, or all; gives the exit status."""
    there = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = [name for name in chosen if name not in there]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(there)}.", file=sys.stderr)
        return 2
    print(f"Machine: {machine()}\n", flush=True)
    failed = [
        name
        for name in chosen or there
        if subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=False).returncode
    ]
    if failed:
        print(f"These did not run to the end: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
