"""A small API over a database client, as many are written: one client for the whole process.

    api.py PORT redis|postgres CAREFUL HOST:PORT

With CAREFUL = 0 the client has its default settings, with 1 it gives up in time.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, CLIENT, CAREFUL, BACKEND = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "1", sys.argv[4]
HOST, BACKEND_PORT = BACKEND.rsplit(":", 1)


def redis_reader():
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    careful = {
        "socket_timeout": 0.3,
        "socket_connect_timeout": 0.3,
        # A dead connection costs no request: the next try is on a new one.
        "retry": Retry(NoBackoff(), 1),
    }
    client = redis.Redis(host=HOST, port=int(BACKEND_PORT), **(careful if CAREFUL else {}))

    def read():
        value = client.get("greeting")
        return value and value.decode()

    return read


def postgres_reader():
    import psycopg

    careful = {
        "connect_timeout": 2,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": 1,
        "tcp_user_timeout": 1500,
    }
    target = {"host": HOST, "port": BACKEND_PORT, "user": "postgres", "dbname": "postgres"}
    lock = threading.Lock()
    kept = []

    def read():
        with lock:
            if not kept:
                options = careful if CAREFUL else {}
                kept.append(psycopg.connect(autocommit=True, **target, **options))
            try:
                return kept[0].execute("select 'hello'").fetchone()[0]
            except psycopg.Error:
                kept.pop().close()
                raise

    return read


read = {"redis": redis_reader, "postgres": postgres_reader}[CLIENT]()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            return self.answer(200, {"up": True})
        try:
            self.answer(200, {"value": read()})
        except Exception as error:
            self.answer(503, {"error": f"{type(error).__name__}: {error}"})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
