#!/usr/bin/env python3
"""Puts comeback in front of an API that turns hostile while its backend is down, once for each way of being hostile, and
prints what became of each run: how long it took, the most memory that it held, how it exited, and what it said.

    benches/hostile/run.py COMEBACK [PORT [MODE ...]]

COMEBACK is the binary. PORT and the one after it are used on 127.0.0.1, below the ephemeral range.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

MODES = """nothing endless endless500 big slow slowbody hugeheader manyheaders cont redirect redirectfile garbage
garbage09 badchunk hugechunk clneg cldup clhuge gzip deep deepok body50 err50 upgrade rst esc job5mb job3done job3first jobstate
jobstates jobid jobidevil log1g logmax flood binlog""".split()

JOB = """job = { id = "/id", poll = "/job/{id}", state = "/state", done = ["DONE"], failed = ["FAILED"] }"""

CONFIG = """
name = "hostile"
[api]
url = "http://127.0.0.1:{port}"
process = {{ command = ["python3", "{api}", "{port}", "{mode}", "{backend}"] }}
[backend.backend]
process = {{ command = ["{comeback}", "demo-part", "backend", "--listen=127.0.0.1:{backend}"] }}
ready = {{ tcp = "127.0.0.1:{backend}", every = "50ms" }}
[[request]]
name = "r"
method = "POST"
path = "/sync"
json = {{ token = "{{token}}" }}
{expect}
[limits]
answer = "3s"
job = "8s"
recovery = "10s"
[trial]
settle = "1s"
"""

# A run that has not ended by then hangs.
HANGS_AFTER_S = 150


def most_memory(pid, found, over):
    """The most memory that the process has held so far, in KiB, looked up until it is over."""
    while not over.wait(0.05):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM"):
                found[0] = int(line.split()[1])


def try_mode(comeback, port, mode):
    here = pathlib.Path(__file__).resolve().parent
    is_job = mode.startswith("job")
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "comeback.toml")
        config.write_text(CONFIG.format(
            port=port, backend=port + 1, mode=mode, api=here / "api.py", comeback=comeback,
            expect=JOB if is_job else 'expect = { status = 200, echo = "/token" }'))
        command = [comeback, "run", "--config", str(config), "--scenario", "in-flight", "--no-shrink", "--quiet",
                   "--format", "json", "--out", f"{folder}/runs", "--traces", f"{folder}/traces"]
        began = time.monotonic()
        run = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "COMEBACK_STATE_DIR": f"{folder}/state"})
        found, over = [0], threading.Event()
        watcher = threading.Thread(target=most_memory, args=(run.pid, found, over))
        watcher.start()
        try:
            out, err = run.communicate(timeout=HANGS_AFTER_S)
            code = str(run.returncode)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGTERM)
            try:
                out, err = run.communicate(timeout=40)
                code = "hangs, and obeys SIGTERM"
            except subprocess.TimeoutExpired:
                run.kill()
                out, err = run.communicate()
                code = "hangs, and is deaf to SIGTERM"
        took = time.monotonic() - began
        over.set()
        watcher.join()
        size = sum(f.stat().st_size for f in pathlib.Path(folder).rglob("*.jsonl"))
        return took, found[0] / 1024, code, size / (1 << 20), story(out, err)


def story(out, err):
    """What the run says of itself, in a few words."""
    if "panicked" in err:
        return "PANIC: " + err.strip().splitlines()[0]
    try:
        document = json.loads(out)
    except ValueError:
        return (err.strip() or "no document").splitlines()[0][:200]
    return ", ".join(sorted(set(words(document))))[:300] or json.dumps(document)[:200]


def words(value):
    """Every signature, and every reason for being inconclusive, that a document has anywhere."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("signature", "inconclusive") and isinstance(inner, str):
                yield inner
            else:
                yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)


def main():
    comeback = os.path.abspath(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 26700
    print(f"load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC", flush=True)
    print("| mode | took | memory | trace | exit | said |\n|---|---|---|---|---|---|", flush=True)
    for mode in sys.argv[3:] or MODES:
        took, memory, code, size, said = try_mode(comeback, port, mode)
        said = said.replace("|", "\\|")
        print(f"| {mode} | {took:.0f} s | {memory:.0f} MiB | {size:.1f} MiB | {code} | {said} |", flush=True)


main()
