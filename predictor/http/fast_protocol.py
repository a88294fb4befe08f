"""A connection: uvicorn's own protocol, but for the requests that the fast doors take.

uvicorn still parses, keeps connections alive, bounds what is buffered and ends them. A request is the fast doors' when
its headers are read and it is the only one on its connection: HTTP/1.1, a body of known length, nothing before it that
is still to be answered, a client that reads its answers. All others go to the application, as do requests that a client
pipelines behind a fast one, once that is answered.
"""

import asyncio
from concurrent.futures import Future
from functools import partial
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from predictor.data_plane import Caller
from predictor.errors import DeadlineExceeded, QueueFull
from predictor.http.body import Answer
from predictor.http.fast_doors import FastDoors, Visit
from predictor.http.quick.requests import QuickRequest


class PlainProtocol(HttpToolsProtocol):
    """A connection. What is no HTTP at all is told so in the one shape of an error."""

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed."""
        body = orjson.dumps({"error": f"{msg} Expected HTTP/1.1"})
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[400] + head.encode() + body)
        self.transport.close()


class _FastCycle(RequestResponseCycle):
    """A request that no application sees; to uvicorn it looks like any other."""

    def __init__(self, visit: Visit, **form: Any) -> None:
        super().__init__(**form)
        self.visit = visit
        self.deadline: asyncio.TimerHandle | None = None


class FastProtocol(PlainProtocol):
    """A connection with fast doors. It is the Connection of its quick requests."""

    def __init__(self, *args: Any, doors: FastDoors, **options: Any) -> None:
        super().__init__(*args, **options)
        self._doors = doors
        self._quick: QuickRequest | None = None
        self._is_within = False
        self._answered_at = 0.0

    def data_received(self, data: bytes) -> None:
        """A quick request, or a part of one, or whatever else: that is the parser's."""
        quick = self._quick
        if quick is None:
            quick = None if self._is_within else self._look_at(data)
            if quick is None:
                super().data_received(data)
                return
            self._quick = quick
        elif quick.left > 0:
            quick.add(data)
        else:
            quick.behind += data
            self.flow.pause_reading()
            return
        if quick.left == 0:
            quick.trail = self._doors.begin_quick(quick.head, quick.varying)
            self._doors.turns.add(quick, self.loop)
        elif quick.left < 0:  # pipelined
            self.decline()

    def is_gone(self) -> bool:
        """See Connection."""
        return self.transport.is_closing()

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """See Connection."""
        return self.server_state.default_headers

    def answer(self, content: bytes) -> None:
        """See Connection."""
        self.transport.write(content)
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch_idleness(self.timeout_keep_alive)
        quick, self._quick = self._quick, None
        if quick and quick.behind:
            self.flow.resume_reading()
            self.data_received(quick.behind)

    def decline(self) -> None:
        """See Connection."""
        quick, self._quick = self._quick, None
        if quick:
            self._doors.leave_quick(quick.head, self._address())
            self.flow.resume_reading()
            super().data_received(quick.content() + quick.behind)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle for as long as it may be."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._quick is None and left <= 0:
            super().timeout_keep_alive_handler()
        else:
            self._watch_idleness(left if self._quick is None else self.timeout_keep_alive)

    def shutdown(self) -> None:
        """Finish what has begun, and close: the ordinary way knows how."""
        if self._quick:
            self._quick.is_withdrawn = True
        self.decline()
        super().shutdown()

    def _look_at(self, data: bytes) -> QuickRequest | None:
        if not (self.cycle is None or self.cycle.response_complete) or self.pipeline or self.flow.write_paused:
            return None
        end = data.find(b"\r\n\r\n")
        found = self._doors.enter_quick(data[: end + 2], self._address()) if end > 0 else None
        return QuickRequest(self, found[0], found[1], data, end + 4) if found else None

    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _watch_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        """The parser is within a request from here on."""
        self._is_within = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The request is the fast doors' from here on, or the application's."""
        visit = self._doors.enter(self.url, self.headers, self._address()) if self._is_simple() else None
        if visit is None:
            super().on_headers_complete()
            return
        self.cycle = _FastCycle(
            visit,
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    def on_body(self, body: bytes) -> None:
        """A part of the body, whose length was announced and is within the limit: it is wanted as fast as it comes."""
        if isinstance(self.cycle, _FastCycle):
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._is_within = False
        if isinstance(self.cycle, _FastCycle):
            self._begin(self.cycle)
        else:
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went away, or was answered for the last time."""
        if self._quick and self._quick.left > 0:
            self.decline()
        if isinstance(self.cycle, _FastCycle) and self.cycle.more_body:
            self._doors.leave(self.cycle.visit)
        super().connection_lost(exc)

    def _is_simple(self) -> bool:
        return (
            self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused)
        )

    def _begin(self, cycle: _FastCycle) -> None:
        cycle.more_body = False
        visit = cycle.visit
        caller = Caller(visit.trail, visit.seconds, is_waiting=lambda: not self.transport.is_closing())
        try:
            future, seconds = self._doors.plane.submit(visit.model, lambda: visit.read(bytes(cycle.body)), caller)
        except QueueFull as error:
            self._finish(cycle, error)
            return
        cycle.deadline = self.loop.call_later(seconds, self._give_up, cycle, future, seconds)
        future.add_done_callback(partial(self._hand_over, cycle))

    def _hand_over(self, cycle: _FastCycle, future: Future[Answer]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._take_over, cycle, future)

    def _take_over(self, cycle: _FastCycle, future: Future[Answer]) -> None:
        if not cycle.response_complete:
            self._finish(cycle, future.exception() or future.result())

    def _give_up(self, cycle: _FastCycle, future: Future[Answer], seconds: float) -> None:
        late: DeadlineExceeded = self._doors.plane.give_up(cycle.visit.model, future, seconds)
        self._finish(cycle, late)

    def _finish(self, cycle: _FastCycle, outcome: Answer | BaseException) -> None:
        cycle.response_complete = True
        if cycle.deadline:
            cycle.deadline.cancel()
        if self.transport.is_closing():
            self._doors.leave(cycle.visit)
        else:
            default = self.server_state.default_headers
            written = self._doors.write(cycle.visit, outcome, default, is_last=not cycle.keep_alive)
            self.transport.write(written.content)
            if written.is_last:
                self.transport.close()
        self.on_response_complete()
