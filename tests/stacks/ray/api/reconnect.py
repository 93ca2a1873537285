"""What the API does when its connection to Ray breaks: one class per value of RECONNECT.

`fixed` is right; the others are mistakes that were made in earnest. All work until the first fault.
"""

import asyncio
import logging
import time

from .jobs import Job
from .provider import Provider
from .session import ConnectionLost, Session

PROBE_EVERY_S = 2
PROBE_DEADLINE_S = 10

log = logging.getLogger("provider")


class Fixed(Provider):
    """Probes the connection, fails what is in flight when it breaks, and replaces it.

    Ray's own reconnection is off (a grace period of 0): it hides the break for up to 30 s, and a
    head that was restarted has forgotten the session anyway.
    """

    environment = Provider.environment | {"RAY_CLIENT_RECONNECT_GRACE_PERIOD": "0"}
    call_deadline_s = 30

    async def supervise(self) -> None:
        self._use(await asyncio.to_thread(self._connect))
        log.info("connected")
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            session = self._session
            try:
                await self.ask("probe", deadline_s=PROBE_DEADLINE_S)
            except Exception as error:
                self._lost(session, error)
                self._use(await self._reconnect())
                log.info("reconnected after %.1f s", time.monotonic() - self._lost_at)

    async def ask(self, verb: str, *args, deadline_s: float | None = None):
        session = self._session
        try:
            return await super().ask(verb, *args, deadline_s=deadline_s)
        except ConnectionLost as error:
            self._lost(session, error)
            raise

    def _lost(self, session: Session, error: Exception) -> None:
        """The first to notice says so; the rest of the session's calls fail by its end."""
        if self.connected() and session is self._session:
            log.warning("connection lost: %s", error)
            self._lost_at = time.monotonic()
            self._up.clear()
            session.kill()

    async def _reconnect(self) -> Session:
        return await asyncio.to_thread(self._connect)


class Blocking(Fixed):
    """Right in all but one word: reconnects on the event loop. While Ray is away, nothing answers,
    not even /ping."""

    async def _reconnect(self) -> Session:
        return self._connect()


class Stale(Provider):
    """Believes for ever that it is connected, and leaves a processor busy whose job failed: later
    jobs are accepted and never end, without a line in the log."""

    frees_processor_after_error = False


class LocalCluster(Provider):
    """Lets a disconnected client connect by itself, and has not told it whereto (no RAY_ADDRESS):
    the next look-up of an actor starts a second cluster inside the API's own container."""

    environment = {}


class Grace(Provider):
    """Retries a failed call, creates lost models again, and never replaces the client. After a short
    outage the client connects by itself; once Ray's grace period of 30 s is over it never will."""

    pauses_s = (1, 3)

    def __init__(self, url: str):
        super().__init__(url)
        self.environment = {"RAY_ADDRESS": url}

    async def run(self, job: Job) -> dict:
        for pause_s in self.pauses_s:
            try:
                return await super().run(job)
            except ConnectionLost as error:
                log.warning("retrying in %d s: %s", pause_s, error)
                await asyncio.sleep(pause_s)
        await self.ask("deploy", job.model)
        return await super().run(job)


SETTINGS: dict[str, type[Provider]] = {
    "fixed": Fixed,
    "stale": Stale,
    "local-cluster": LocalCluster,
    "grace": Grace,
    "blocking": Blocking,
}
