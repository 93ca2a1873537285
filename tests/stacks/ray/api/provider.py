"""The API's connection to Ray: makes it, and does calls over it.

The base class connects once and then hopes, without deadlines. How a broken connection is noticed
and replaced is the matter of its subclasses in `reconnect`.
"""

import asyncio
import itertools
import logging
import socket
import time
from urllib.parse import urlsplit

from .jobs import Job
from .models import WARM
from .session import ConnectionLost, Session

CONNECT_DEADLINE_S = 30
DEPLOY_DEADLINE_S = 30
GREETING_DEADLINE_S = 2

log = logging.getLogger("provider")


class Provider:
    # For the process with the Ray client. A disconnected client must fail, not start a cluster.
    environment = {"RAY_ENABLE_AUTO_CONNECT": "0"}
    call_deadline_s: float | None = None
    frees_processor_after_error = True

    def __init__(self, url: str):
        self.url = url
        self.connections = 0
        self._session: Session | None = None
        self._up = asyncio.Event()

    def connected(self) -> bool:
        return self._up.is_set()

    async def supervise(self) -> None:
        self._use(await asyncio.to_thread(self._connect))

    async def connection(self, until: float) -> Session:
        """The session to use, waited for until the given time."""
        try:
            await asyncio.wait_for(self._up.wait(), max(0.001, until - time.monotonic()))
        except TimeoutError:
            raise ConnectionLost("no connection to Ray") from None
        return self._session

    async def ask(self, verb: str, *args, deadline_s: float | None = None):
        deadline_s = deadline_s or self.call_deadline_s
        answer = asyncio.wrap_future(self._session.ask(verb, *args))
        try:
            return await asyncio.wait_for(answer, deadline_s)
        except TimeoutError:
            raise TimeoutError(f"no answer from Ray within {deadline_s:g} s") from None

    async def run(self, job: Job) -> dict:
        return await self.ask("run", job.model, job.prompt, job.token, job.work_ms)

    def _use(self, session: Session) -> None:
        self._session = session
        self.connections += 1
        self._up.set()

    def _connect(self) -> Session:
        """Blocks until there is a working connection. Says why not, but each reason only once."""
        said = None
        for attempt in itertools.count(1):
            try:
                return self._attempt()
            except Exception as error:
                reason = str(error) or type(error).__name__
                if reason != said:
                    log.warning("attempt %d to connect to Ray failed: %s", attempt, reason)
                    said = reason
            time.sleep(min(attempt, 5))

    def _attempt(self) -> Session:
        """Every attempt has a new process: `ray.init` can hang, and leaves a mess when it fails."""
        session = Session(self.environment)  # loads Ray while we wait for the head
        try:
            self._wait_for_greeting()
            session.ask("connect", self.url).result(CONNECT_DEADLINE_S)
            session.ask("deploy", WARM).result(DEPLOY_DEADLINE_S)
            return session
        except BaseException:
            session.kill()
            raise

    def _wait_for_greeting(self) -> None:
        """Blocks until a gRPC server greets us, which it does unasked.

        A cheap guard in front of `ray.init`: a head that is away refuses, and one that is frozen
        accepts and stays silent.
        """
        address = urlsplit(self.url)
        for attempt in itertools.count(1):
            try:
                where = (address.hostname, address.port)
                with socket.create_connection(where, GREETING_DEADLINE_S) as peer:
                    if peer.recv(1):
                        return
            except OSError:
                pass
            time.sleep(min(0.5 * attempt, 2))
