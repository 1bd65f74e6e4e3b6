"""A browser tab without a browser: what Streamlit's own page says to the server over its websocket, and what it hears.

It speaks the protocol of `streamlit.proto`: it opens a page, keeps the widgets that it was sent, types, presses, and
asks for the fragments that are drawn by themselves, as a browser does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from tests.support.gate import PATIENCE


@dataclass
class Heard:
    """What one run of a page, and of its fragments since, has sent."""

    texts: list[str] = field(default_factory=list)  # headings, markdown, plain texts, alerts
    errors: list[str] = field(default_factory=list)
    messages: int = 0
    size: int = 0  # bytes
    started: bool = False  # the page's own run has, since it was asked
    finished: bool = False  # and it has ended
    works: bool = False  # a bar says that something is under way


class WebsocketSession:
    """One open tab. `async with WebsocketSession(url) as tab: await tab.open("compare")`. `more` goes to the library of
    websockets: how to reach an address that is no computer's name."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        self._address = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._headers, self._more = dict(headers or {}), more
        self._connection: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._fragments: dict[str, tuple[float, float]] = {}  # by id: every how many seconds, and when next
        self.widgets: dict[str, tuple[str, str]] = {}  # by label: kind and id
        self.states: dict[str, WidgetState] = {}
        self.query_string = ""
        self.page_hash = ""
        self.session_id = ""
        self.heard = Heard()

    async def __aenter__(self) -> Self:
        self._connection = await connect(
            self._address,
            additional_headers=self._headers,
            subprotocols=["streamlit"],
            max_size=None,
            proxy=None,
            open_timeout=PATIENCE,
            ping_timeout=None,
            compression=None,
            **self._more,
        )
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the tab."""
        if self._listening is not None:
            self._listening.cancel()
        if self._connection is not None:
            await self._connection.close()

    # What a person does

    async def open(self, page: str = "", query_string: str = "") -> Heard:
        """Open a page, and wait until it is drawn."""
        return await self._run(page=page, query_string=query_string)

    async def type(self, **typed: str) -> Heard:
        """Type into fields, by their labels with _ for spaces, and wait until the page is drawn and nothing is under
        way, such as the reading of a long paste."""
        self._take(typed)
        await self._run()
        return await self.until(lambda heard: heard.finished and not heard.works)

    async def press(self, label: str, **typed: str) -> Heard:
        """Type into fields, press a button, and wait until the page is drawn."""
        self._take(typed)
        _kind, button = self.widgets[label]
        return await self._run(pressed=button)

    def _take(self, typed: Mapping[str, str]) -> None:
        for name, text in typed.items():
            kind, widget = self.widgets[name.replace("_", " ")]
            assert kind in ("text_area", "text_input"), f"{name} is a {kind}"
            self.states[widget] = WidgetState(id=widget, string_value=text)

    async def until(self, holds: Callable[[Heard], bool], patience: float = PATIENCE) -> Heard:
        """Wait until what was heard since the last press is so, asking for fragments as a browser does."""
        end = time.monotonic() + patience
        while True:
            async with self._changed:
                if holds(self.heard):
                    return self.heard
                if self._listening is not None and self._listening.done():
                    self._listening.result()
                    assert self._connection is not None
                    why = self._connection.close_code, self._connection.close_reason
                    raise AssertionError(f"The server has closed the connection: {why}")
                now = time.monotonic()
                assert now < end, f"Waited {patience:g} s; heard {self.heard.texts[-8:]} {self.heard.errors}"
                due = min((when for _, when in self._fragments.values()), default=end)
                try:
                    async with asyncio.timeout(max(0.0, min(due, end) - now)):
                        await self._changed.wait()
                except TimeoutError:
                    pass
            await self._poll()

    # The protocol

    async def _run(self, *, page: str = "", query_string: str | None = None, pressed: str = "") -> Heard:
        self.heard = Heard()
        self._fragments.clear()
        if query_string is not None:
            self.query_string = query_string
        message = self._asked()
        if page:
            message.rerun_script.page_script_hash, message.rerun_script.page_name = "", page
        if pressed:
            message.rerun_script.widget_states.widgets.append(WidgetState(id=pressed, trigger_value=True))
        await self._send(message)
        return await self.until(lambda heard: heard.finished)

    def _asked(self) -> BackMsg:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash = self.query_string, self.page_hash
        asked.widget_states.widgets.extend(self.states.values())
        return message

    async def _poll(self) -> None:
        now = time.monotonic()
        for fragment, (every, when) in list(self._fragments.items()):
            if when <= now:
                self._fragments[fragment] = every, now + every
                message = self._asked()
                message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = fragment, True
                await self._send(message)

    async def _send(self, message: BackMsg) -> None:
        assert self._connection is not None
        await self._connection.send(message.SerializeToString())

    async def _listen(self) -> None:
        assert self._connection is not None
        try:
            async for data in self._connection:
                assert isinstance(data, bytes)
                message = ForwardMsg()
                message.ParseFromString(data)
                async with self._changed:
                    self.heard.messages += 1
                    self.heard.size += len(data)
                    self._hear(message)
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._changed.notify_all()

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.page_hash = message.new_session.page_script_hash
            self.session_id = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self.heard.finished = self.heard.works = False
                self.heard.started = True
                self._fragments.clear()
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query_string = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            every = message.auto_rerun.interval
            self._fragments.setdefault(message.auto_rerun.fragment_id, (every, time.monotonic() + every))
        elif kind == "script_finished":
            status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
            if status == "FINISHED_SUCCESSFULLY":
                self.heard.finished = self.heard.started
            elif "COMPILE" in status:
                self.heard.errors.append(status)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element)

    def _element(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        one = getattr(element, kind)
        label = getattr(one, "label", "")
        if label and getattr(one, "id", ""):
            self.widgets[label] = kind, one.id
        text = getattr(one, "body", "")
        if kind == "progress":
            self.heard.works = True
            self.heard.texts.append(one.text)
        if kind == "exception":
            self.heard.errors.append(f"{one.type}: {one.message}")
        elif text:
            self.heard.texts.append(text)
            if kind == "alert" and one.format == one.ERROR:
                self.heard.errors.append(text)
