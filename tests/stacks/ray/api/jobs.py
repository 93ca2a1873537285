"""Jobs, and where they are kept until somebody asks how they went."""

import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field

KEPT = 10_000


@dataclass
class Job:
    model: str
    prompt: str
    token: str | None
    work_ms: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "RECEIVED"
    answer: dict = field(default_factory=dict)
    accepted_at: float = field(default_factory=time.monotonic)

    def complete(self, answer: dict) -> None:
        self.status, self.answer = "COMPLETED", answer

    def fail(self, error: Exception) -> None:
        self.status, self.answer = "ERROR", {"description": str(error) or type(error).__name__}

    def view(self) -> dict:
        return {"id": self.id, "status": self.status, **self.answer}


class Jobs:
    """The latest jobs by id. Bounded, or a long test would look like a leak."""

    def __init__(self):
        self._by_id: OrderedDict[str, Job] = OrderedDict()

    def add(self, job: Job) -> None:
        self._by_id[job.id] = job
        if len(self._by_id) > KEPT:
            self._by_id.popitem(last=False)

    def get(self, job_id: str) -> Job | None:
        return self._by_id.get(job_id)
