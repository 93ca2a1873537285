"""`api.py PORT CONNECTION`: an API in front of PostgreSQL that keeps a few connections, each a `psql` that lives on. It
has no limits of its own: while the server is frozen, its requests hang."""
import json, queue, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONNECTIONS = queue.Queue()
for _ in range(4):
    CONNECTIONS.put(None)


def ask(psql, text):
    psql.stdin.write(f"select '{text}';\n")
    psql.stdin.flush()
    answer = psql.stdout.readline().strip()
    if answer != text:
        psql.kill()
        raise OSError("the connection was lost")
    return answer


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        text = json.loads(self.rfile.read(int(self.headers["content-length"])))["text"]
        psql = CONNECTIONS.get()
        try:
            if psql is None or psql.poll() is not None:
                psql = subprocess.Popen(["psql", "-XAtq", sys.argv[2]], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            status, answer = 200, {"text": ask(psql, text)}
        except OSError as error:
            psql, status, answer = None, 503, {"error": f"database: {error}"}
        finally:
            CONNECTIONS.put(psql)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
