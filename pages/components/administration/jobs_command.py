"""`make jobs`: the work under way on the servers of this user, and an end to one piece of it.

make jobs                  lists it
make jobs ARGS="end 3"     ends number 3
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pages.components.administration.written_down import PATH, Running, folder
from rerank_core.errors import RerankError

_PATIENCE_SECONDS = 10.0


class NotAnswering(Exception):
    """There is no server at this address any more, or it cannot be reached."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command says; gives the exit status."""
    parser = argparse.ArgumentParser(prog="make jobs", description="The work under way on this computer's servers.")
    parser.add_argument("do", nargs="?", choices=("list", "end"), default="list", help="list it, or end one")
    parser.add_argument("number", nargs="?", type=int, help="which one to end")
    parser.add_argument("--server", help="the address, where several servers run: http://127.0.0.1:8501")
    options = parser.parse_args(arguments)
    if (options.do == "end") != (options.number is not None):
        parser.error("end needs the number of one, and nothing else takes a number")
    try:
        servers = [one for one in _written_down() if options.server in (None, one.address)]
    except RerankError as error:
        print(error, file=sys.stderr)
        return 1
    answers: dict[str, Any] = {}
    for one in servers:
        try:
            answers[one.address] = _ask(one, PATH)
        except NotAnswering:
            continue
    if not answers:
        where = options.server or "for this user and home folder"
        print(f"No server is running {where}. Start one: make run", file=sys.stderr)
        return 1
    if options.do == "list":
        _print(answers)
        return 0
    if len(answers) > 1:
        print(f"Several servers run. Say which, with --server: {', '.join(answers)}", file=sys.stderr)
        return 1
    asked = next(one for one in servers if one.address in answers)
    try:
        ended = _ask(asked, f"{PATH}/{options.number}/end", method="POST")
    except NotAnswering as error:
        print(str(error) or "The server does not answer any more.", file=sys.stderr)
        return 1
    print(f"Ended: {ended['number']}. {ended['what']}, {ended['who']}.")
    return 0


def _written_down() -> list[Running]:
    """The servers that wrote themselves down, of which some may have ended without taking it back."""
    found = []
    for path in sorted(Path(folder()).glob("*.json")):
        try:
            found.append(Running(**json.loads(path.read_text("utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return found


def _ask(server: Running, path: str, method: str = "GET") -> Any:
    """What a server answers. Raises NotAnswering, with the server's own words where it has some."""
    headers = {"Authorization": f"Bearer {server.token}", "Host": server.host}
    # the address is one that a server of this user wrote down
    request = urllib.request.Request(server.address + path, headers=headers, method=method)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_PATIENCE_SECONDS) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            try:
                said = json.load(error).get("error", "")
            except (ValueError, AttributeError):
                said = ""
        raise NotAnswering(said) from error
    except (OSError, ValueError) as error:
        raise NotAnswering from error


def _print(answers: dict[str, Any]) -> None:
    for address, jobs in answers.items():
        print(f"{address}: {'nothing is under way' if not jobs else f'{len(jobs)} under way'}")
        for one in jobs:
            tokens = f", about {one['tokens']:,} tokens" if one["tokens"] else ""
            print(f"{one['number']:>5}  {one['what']}, {one['who']}{tokens}: {one['standing']}")


if __name__ == "__main__":
    sys.exit(main())
