"""The HTTP side: answers at once, whatever the state of Ray."""

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

from .dispatcher import Dispatcher
from .jobs import Job, Jobs
from .models import is_model
from .reconnect import SETTINGS

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

setting = os.environ.get("RECONNECT") or "fixed"
provider = SETTINGS[setting](os.environ.get("RAY_URL") or "ray://ray:10001")
dispatcher = Dispatcher(provider)
jobs = Jobs()


@asynccontextmanager
async def lifespan(_app: FastAPI):
    tasks = [asyncio.create_task(provider.supervise()), asyncio.create_task(dispatcher.run())]
    yield
    for task in tasks:
        task.cancel()
    os._exit(0)  # a thread that waits for Ray would hold up the exit for as long as Ray is away


def check_key(x_api_key: Annotated[str, Header()] = "") -> None:
    """Any key will do, unless the environment names the one that does."""
    wanted = os.environ.get("API_KEY")
    if not x_api_key or (wanted and x_api_key != wanted):
        raise HTTPException(401, "a valid x-api-key header is required")


class Request(BaseModel):
    model: str = Field(max_length=100)
    prompt: str = Field(max_length=100_000)
    token: str | None = Field(default=None, max_length=100)
    work_ms: int = Field(default=200, ge=0, le=600_000)


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> str:
    """A shallow health check: it says nothing about Ray, like most of its kind."""
    return "pong"


@app.post("/request", dependencies=[Depends(check_key)])
async def submit(request: Request) -> dict:
    if not is_model(request.model):
        raise HTTPException(400, f"unknown model {request.model!r}")
    job = Job(**request.model_dump())
    jobs.add(job)
    dispatcher.accept(job)
    return job.view()


@app.get("/response/{job_id}")
async def response(job_id: str) -> dict:
    job = jobs.get(job_id)
    if job is None:
        raise HTTPException(404, f"unknown job {job_id!r}")
    return job.view()


@app.get("/status")
async def status() -> dict:
    """What the API believes, which is not always so."""
    return {
        "reconnect": setting,
        "provider": {"connected": provider.connected(), "connections": provider.connections},
        "processors": dispatcher.view(),
    }
