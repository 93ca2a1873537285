"""One Ray Client connection, in a process of its own.

Nothing inside a process can end a Ray call that is stuck in gRPC; a process can be killed. It also
takes along whatever a broken client leaves behind: threads, channels, Ray's global state.
"""

import contextlib
import itertools
import multiprocessing
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

CONCURRENT_CALLS = 32


class ConnectionLost(Exception):
    """Ray did not answer, or answered what a sound connection never does."""


class ModelError(Exception):
    """The model itself failed; the connection is all right."""


class Session:
    def __init__(self, environment: dict[str, str]):
        # Not forked: a fork would copy the API's locks and sockets. Ray is imported in there only.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, environment), daemon=True)
        self._process.start()
        theirs.close()
        self._numbers = itertools.count()
        self._pending: dict[int, Future] = {}
        self._lock = threading.Lock()
        self._open = True
        threading.Thread(target=self._receive, daemon=True).start()

    def ask(self, verb: str, *args) -> Future:
        """Calls a verb of `_Client` over there. The future fails with one of the errors above."""
        answer: Future = Future()
        answer.set_running_or_notify_cancel()
        with self._lock:
            if not self._open:
                answer.set_exception(ConnectionLost("the Ray client was replaced"))
                return answer
            number = next(self._numbers)
            self._pending[number] = answer
            try:
                self._pipe.send((number, verb, args))
            except OSError:
                pass  # the process is gone: `_receive` is about to tell everybody
        return answer

    def kill(self) -> None:
        """Returns at once; what is under way fails as soon as the process is gone."""
        if self._open:
            self._process.kill()

    def _receive(self) -> None:
        try:
            while True:
                number, value, error = self._pipe.recv()
                answer = self._pending.pop(number)
                answer.set_result(value) if error is None else answer.set_exception(error)
        except (EOFError, OSError):
            with self._lock:
                self._open = False
                for answer in self._pending.values():
                    answer.set_exception(ConnectionLost("the connection to Ray was lost"))
                self._pending.clear()
            self._process.join()
            self._process.close()
            self._pipe.close()


def _serve(pipe, environment: dict[str, str]) -> None:
    """The other process: answers calls until the pipe closes."""
    os.environ.update(environment)
    client = _Client()
    sending = threading.Lock()

    def answer(number, verb, args):
        try:
            reply = (number, getattr(client, verb)(*args), None)
        except client.ray.exceptions.RayTaskError as error:
            reply = (number, None, ModelError(str(error.cause)))
        except Exception as error:
            reply = (number, None, ConnectionLost(_in_one_line(error)))
        with sending:
            pipe.send(reply)

    calls = ThreadPoolExecutor(CONCURRENT_CALLS)
    try:
        while True:
            calls.submit(answer, *pipe.recv())
    except EOFError:
        os._exit(0)  # calls still stuck in Ray must not keep the process alive


def _in_one_line(error: Exception) -> str:
    """gRPC's errors fill a page, and this one goes into the log and into every failed job."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


class _Client:
    """The verbs: everything that the API does with Ray, all of it synchronous, as Ray is."""

    def __init__(self):
        import ray
        import ray.util

        self.ray = ray

    def connect(self, url: str) -> None:
        self.ray.init(url, namespace="models")

    def probe(self) -> None:
        """A round trip through the client server to the cluster: no cached answer."""
        self.ray.cluster_resources()

    def keep_only(self, models: list[str]) -> None:
        for name in self.ray.util.list_named_actors():
            if name not in models:
                with contextlib.suppress(ValueError):  # gone already
                    self.ray.kill(self.ray.get_actor(name))

    def deploy(self, model: str) -> None:
        """Detached actors die with the head: each new head needs them created again."""
        try:
            actor = self.ray.get_actor(model)
        except ValueError:
            options = {"name": model, "lifetime": "detached", "get_if_exists": True}
            actor = self._model().options(**options, num_cpus=0, max_restarts=-1).remote()
        self.ray.get(actor.run.remote(None, None, 0))

    def run(self, model: str, prompt: str, token: str | None, work_ms: int) -> dict:
        return self.ray.get(self.ray.get_actor(model).run.remote(prompt, token, work_ms))

    def _model(self):
        # Defined here, so that it travels to the head by value: this package is not there.
        class Model:
            def run(self, prompt, token, work_ms):
                import time

                time.sleep(work_ms / 1000)
                return {"result": prompt, "token": token}

        return self.ray.remote(Model)
