"""What a serving process is part of: nothing, or the workers of a supervisor."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict

from predictor.errors import InferenceFailed, LoadFailed, NotFound, NotReady
from predictor.log_lines import LOG
from predictor.model_copies import ModelCopies
from predictor.repository import Repository
from predictor.workers.channel import Channel, Message
from predictor.workers.counts import Counts, Gather
from predictor.workers.model_set import Change, ChangeAll, ModelSet, VersionState, read_states

_REFUSALS = {kind.__name__: kind for kind in (NotFound, LoadFailed, NotReady)}


class Alone:
    """One process is the whole server."""

    is_first = True
    """Whether nobody serves yet: then it answers, not ready, while its model is loaded. Else it loads, then listens."""
    gather: Gather | None = None
    """None where there are no others."""
    change_all: ChangeAll | None = None
    """None where there are no others, or models do not change."""
    models: ModelSet | None = None
    """What the others have; None for what there is on disk."""
    copies: ModelCopies | None = None
    """What those who come later need."""

    def follow(self, count: Callable[[], Counts], repository: Repository, end: Callable[[], None]) -> None:
        """`count` is what this process counted, whenever somebody asks; `end` ends it as a second signal does."""

    async def join(self, addresses: str, fields: Mapping[str, object]) -> None:
        """This process is ready; returns once all are."""
        logging.getLogger(LOG).info("listening on %s", addresses, extra={"fields": fields})


class OneOfSeveral(Alone):
    """A worker, which its supervisor hears of over a channel."""

    def __init__(
        self, channel: Channel, *, is_first: bool, copies: ModelCopies | None, models: ModelSet | None
    ) -> None:
        self.is_first = is_first
        self.gather = self._gather
        self.copies = copies
        self.models = models
        if copies is not None:
            self.change_all = self._change_all
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._are_all_ready = asyncio.Event()
        self._asked = asyncio.Lock()
        self._total: asyncio.Future[Counts] = self._loop.create_future()
        self._changes: dict[int, asyncio.Future[Message]] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, count: Callable[[], Counts], repository: Repository, end: Callable[[], None]) -> None:
        """See Alone; from now on it answers its supervisor, and ends when that is gone."""
        self._repository = repository
        self._following = self._loop.create_task(self._follow(count, end))

    async def join(self, addresses: str, fields: Mapping[str, object]) -> None:
        """See Alone; it is the supervisor that says where they listen."""
        said = {name: [asdict(one) for one in states] for name, states in self._repository.models().items()}
        self._channel.send({"ready": {"addresses": addresses, "fields": dict(fields), "models": said}})
        await self._are_all_ready.wait()

    def _gather(self, own: Counts) -> "Future[Counts]":
        return asyncio.run_coroutine_threadsafe(self._ask(own), self._loop)

    async def _ask(self, own: Counts) -> Counts:
        async with self._asked:
            self._total = self._loop.create_future()
            self._channel.send({"collect": own.to_message()})
            return await self._total

    def _change_all(self, change: Change) -> "Future[Sequence[VersionState]]":
        return asyncio.run_coroutine_threadsafe(self._ask_for(change), self._loop)

    async def _ask_for(self, change: Change) -> Sequence[VersionState]:
        self._number += 1
        answer = self._changes[self._number] = self._loop.create_future()
        self._channel.send({"change": {"number": self._number, "change": asdict(change)}})
        said = await answer
        if refused := said.get("refused"):
            raise _REFUSALS.get(refused["kind"], InferenceFailed)(refused["text"])
        return read_states(said["states"])

    async def _follow(self, count: Callable[[], Counts], end: Callable[[], None]) -> None:
        while message := await self._channel.receive():
            if "tell" in message:
                self._channel.send({"counts": count().to_message()})
            elif "total" in message and not self._total.done():
                self._total.set_result(Counts.read(message["total"]))
            elif "all_ready" in message:
                self._are_all_ready.set()
            elif "propose" in message:
                self._do(self._propose(Change(**message["propose"])))
            elif "settle" in message:
                self._do(self._settle(message["settle"], end))
            elif "changed" in message:
                self._changes.pop(message["changed"]["number"]).set_result(message["changed"])
        end()
        if self.copies:  # which the supervisor removes, if it can
            await asyncio.to_thread(self.copies.remove)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _propose(self, change: Change) -> None:
        try:
            states = await asyncio.wrap_future(self._repository.propose(change))
        except Exception as error:  # whatever it is, all wait for what this worker says
            if type(error).__name__ not in _REFUSALS:
                logging.getLogger(LOG).error("a change of the models failed", exc_info=error)
            self._channel.send({"proposed": {"refused": {"kind": type(error).__name__, "text": str(error)}}})
        else:
            self._channel.send({"proposed": {"states": [asdict(one) for one in states]}})

    async def _settle(self, said: Message, end: Callable[[], None]) -> None:
        try:
            await asyncio.wrap_future(self._repository.settle(said["name"], read_states(said["states"])))
        except Exception as error:  # it must not answer with other models than the rest: another one takes over
            logging.getLogger(LOG).error("a worker cannot have the models of the others", exc_info=error)
            end()
        else:
            self._channel.send({"settled": True})
