"""How all workers of a supervisor come to the same models, and stay there.

A change is made in two steps. Every worker proposes what would be of the model after it: a version that is to be loaded
is loaded and warmed up beside what answers. Then every worker is told what all of them have from now on, which is no
more than a swap. Changes are made one after the other, and no worker starts during one; who starts later is told what
the others have, and finds its bytes among the copies.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path

from predictor.workers.channel import Message
from predictor.workers.model_set import Change, ModelSet, VersionState, agree, read_states
from predictor.workers.supervised import Supervised


class ModelChanges:
    """The models that `workers` have, and the only place where that changes.

    `copies` is a directory of its own; None where models do not change.
    """

    def __init__(self, workers: set[Supervised], copies: Path | None, *, is_one_bundle: bool) -> None:
        self._workers = workers
        self._copies = copies
        self._is_one_bundle = is_one_bundle
        self._models: dict[str, Sequence[VersionState]] | None = None
        self._began_with: Message | None = None
        self._turn = asyncio.Lock()
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[Message]:
        """While no change is made: what a worker that starts now is told of the models."""
        async with self._turn:
            copies = str(self._copies) if self._copies else None
            yield {"copies": copies, "models": _said(self._models), "began_with": self._began_with}

    def see(self) -> None:
        """A worker is ready, or has ended."""
        self._moved.set()

    async def begin(self) -> None:
        """All workers have read what there is at the start: from now on they have what they all have read."""
        if self._copies is None:
            return
        async with self._turn:
            read = [worker.models for worker in self._workers if worker.is_ready]
            names = dict.fromkeys(name for models in read for name in models)
            self._models = {name: agree([], [models.get(name, []) for models in read]) for name in names}
            if self._is_one_bundle:
                loaded = [(name, one) for name, states in self._models.items() for one in states if one.digest]
                self._began_with = next(({"name": name, **_named(one)} for name, one in loaded), None)
            for name in names:
                await self._settle(name)

    async def change(self, change: Change) -> Message:
        """Make a change in every worker, or in none; what is answered to who asked for it."""
        async with self._turn:
            while not all(worker.is_ready for worker in self._workers):
                self._moved.clear()
                await self._moved.wait()
            models = self._models = self._models or {}
            before = models.get(change.name, [])
            said = await _ask(self._workers, {"propose": asdict(change)})
            states, refused = _decide(before, change, said)
            models[change.name] = states
            await self._settle(change.name)
            if not states:
                del models[change.name]
            await asyncio.to_thread(self._forget_others, self._needed(models))
        return {"refused": refused} if refused else {"states": [asdict(one) for one in states]}

    async def _settle(self, name: str) -> None:
        states = (self._models or {})[name]
        await _ask(self._workers, {"settle": {"name": name, "states": [asdict(one) for one in states]}})

    def _needed(self, models: ModelSet) -> set[str]:
        digests = {one.digest for states in models.values() for one in states}
        return digests | ({self._began_with["digest"]} if self._began_with else set())

    def _forget_others(self, digests: Iterable[str]) -> None:
        names = {digest.removeprefix("sha256:") for digest in digests}
        for path in self._copies.iterdir() if self._copies else ():
            if path.name not in names:
                path.unlink(missing_ok=True)


def _decide(
    before: Sequence[VersionState], change: Change, said: Sequence[Message | None]
) -> tuple[Sequence[VersionState], Message | None]:
    """What becomes of a model, and why it is not what was asked for; None in `said` is a worker that has ended."""
    answers = [one for one in said if one is not None]
    if not answers or (change.verb == "load" and None in said):
        reason = "a worker ended meanwhile, so no worker has changed"
        refused = {"kind": "LoadFailed", "text": f"{change.name} could not be {change.verb}ed: {reason}"}
        return [replace(one, reason=reason) for one in before], refused
    if refusals := [one["refused"] for one in answers if "refused" in one]:
        return before, refusals[0]
    return agree(before, [read_states(one["states"]) for one in answers]), None


def _named(state: VersionState) -> Message:
    return {"version": state.version, "digest": state.digest}


async def _ask(workers: Iterable[Supervised], message: Message) -> Sequence[Message | None]:
    return await asyncio.gather(*[worker.request(message) for worker in workers])


def _said(models: ModelSet | None) -> Mapping[str, Sequence[Message]] | None:
    return None if models is None else {name: [asdict(one) for one in states] for name, states in models.items()}
