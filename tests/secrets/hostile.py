"""An API, or with one port a backend, that shows every secret it can find in every spelling it knows."""

import base64
import html
import itertools
import json
import os
import socket
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, BACKEND = int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2].isdigit() else None
FOUND = {name: value for name, value in os.environ.items() if name.startswith("S_")}
# Is shown only while the backend is away.
FORBIDDEN = FOUND.pop("S_FORBIDDEN", "")
FOUND["arguments"] = json.dumps(sys.argv)
FOUND["folder"] = os.getcwd()
served = itertools.count(1)
polled = {}


def spellings(text):
    raw = text.encode()
    quoted = urllib.parse.quote(text, safe="")
    yield text
    yield repr(text)
    yield repr(raw)
    yield json.dumps(text)
    yield json.dumps(text, ensure_ascii=False)
    yield json.dumps({"body": json.dumps({"inner": text})})
    yield quoted
    yield urllib.parse.quote(text)
    yield urllib.parse.quote_plus(text)
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield urllib.parse.quote(quoted)
    yield html.escape(text)
    for before in (b"", b"x", b"xy"):
        yield "Basic " + base64.b64encode(before + raw).decode()
        yield base64.urlsafe_b64encode(before + raw + b":tail").decode()


def is_up():
    try:
        socket.create_connection(("127.0.0.1", BACKEND), 0.3).close()
        return True
    except OSError:
        return False


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, status, content):
        content = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def serve(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        if BACKEND is None:
            return self.answer(200, {})
        number = next(served)
        asked = {"path": self.path, "headers": dict(self.headers.items()), "body": body}
        texts = [self.path, urllib.parse.unquote(self.path), body, json.dumps(asked), repr(asked)]
        texts += list(self.headers.values())
        try:
            texts += [str(value) for value in json.loads(body).values()]
        except ValueError:
            pass
        shown = texts if number % 4 else texts + list(FOUND.values())
        up = is_up()
        if not up:
            shown.append(FORBIDDEN)
        # A third of it each time: more lines at once than can be recorded would be left out.
        texts = shown[number % 3 :: 3]
        lines = [f"\x1b[31m\u202elog {spelling}" for text in texts for spelling in spellings(text)]
        print("\n".join(lines + shown), flush=True)
        message = "\x1b]0;title\x07\u202e" + repr(asked) + " ".join(shown)
        if "/job/" in self.path:
            if self.path not in polled:
                polled[self.path] = None
                return self.answer(200, {"state": "running " + FOUND["S_ENV"]})
            if polled[self.path] is None:
                polled[self.path] = "done " + FOUND["S_DONE"] if up else "failed " + FOUND["S_FAILED"]
            return self.answer(200, {"state": polled[self.path], "message": message})
        if not up:
            return self.answer(500, {"error": message})
        token = json.loads(body).get("token") if body else None
        self.answer(200, {"token": token, "id": FOUND["S_ID"] + str(number), "sign": FOUND["S_EXPECT"]})

    do_GET = do_POST = serve


print("\n".join(f"boot {spelling}" for text in FOUND.values() for spelling in spellings(text)), flush=True)
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
