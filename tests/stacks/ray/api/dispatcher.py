"""Hands each job to the processor of its model, and decides which models stay deployed."""

import asyncio

from .jobs import Job
from .models import WARM
from .processor import Processor
from .provider import Provider

# Every model is a process on the head; requests with made-up names must not fill its memory.
COLD_MODELS = 3


class Dispatcher:
    def __init__(self, provider: Provider):
        self._provider = provider
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._processors: dict[str, Processor] = {}

    def accept(self, job: Job) -> None:
        self._queue.put_nowait(job)

    async def run(self) -> None:
        self._processor(WARM)
        while True:
            job = await self._queue.get()
            self._processor(job.model).accept(job)

    def view(self) -> dict:
        return {model: processor.view() for model, processor in self._processors.items()}

    def _processor(self, model: str) -> Processor:
        """The model's processor, moved to the end: the table is in order of last use."""
        processor = self._processors.pop(model, None)
        if processor is None:
            self._make_room()
            processor = Processor(model, self._provider, neighbours=self._processors)
        self._processors[model] = processor
        return processor

    def _make_room(self) -> None:
        """Retires the cold models unused for longest; the next one to be provisioned removes them."""
        cold = [processor for model, processor in self._processors.items() if model != WARM]
        for processor in cold[: max(0, len(cold) - COLD_MODELS + 1)]:
            if processor.is_idle():
                processor.retire()
                del self._processors[processor.model]
