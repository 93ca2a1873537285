"""Runs the jobs of one model, one at a time."""

import asyncio

from .jobs import Job
from .models import WARM
from .provider import Provider, Session

# How long a job may wait for a connection. With the deadline of the call itself, it bounds the
# time until every accepted job has ended, even if Ray never comes back.
WAIT_FOR_RAY_S = 30


class Processor:
    def __init__(self, model: str, provider: Provider, neighbours: dict[str, "Processor"]):
        self.model = model
        self._provider = provider
        self._neighbours = neighbours
        self._deployed_over: Session | None = None  # of a cold model
        self._doing = ""
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._free = asyncio.Event()
        self._free.set()
        self._task = asyncio.create_task(self._run())

    def accept(self, job: Job) -> None:
        job.status = "QUEUED"
        self._queue.put_nowait(job)

    def is_idle(self) -> bool:
        return self._free.is_set() and self._queue.empty()

    def retire(self) -> None:
        self._task.cancel()

    def view(self) -> dict:
        return {"state": self._state(), "queued": self._queue.qsize()}

    def _state(self) -> str:
        if not self._free.is_set():
            return self._doing
        if self.model == WARM:
            return "ready" if self._provider.connected() else "deploying"
        return "ready" if self._deployed_over else "provisioning"

    async def _run(self) -> None:
        while True:
            await self._free.wait()
            job = await self._queue.get()
            self._free.clear()
            try:
                job.complete(await self._serve(job))
            except Exception as error:
                job.fail(error)
                if self._provider.frees_processor_after_error:
                    self._free.set()
            else:
                self._free.set()

    async def _serve(self, job: Job) -> dict:
        self._doing = "waiting for Ray"
        session = await self._provider.connection(job.accepted_at + WAIT_FOR_RAY_S)
        if self.model != WARM and self._deployed_over is not session:
            await self._provision()
            self._deployed_over = session
        self._doing = "busy"
        job.status = "RUNNING"
        return await self._provider.run(job)

    async def _provision(self) -> None:
        """The cold path: make room on the head, then start the model there."""
        self._doing = "provisioning"
        await self._provider.ask("keep_only", [WARM, *self._neighbours])
        self._doing = "deploying"
        await self._provider.ask("deploy", self.model)
