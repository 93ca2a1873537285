"""`stack.py backend PORT [once]`: a backend that writes a line to its log for each token that it executes; with `once` it knows
what it has executed before. `stack.py api PORT BACKEND`: an API that asks it again when it has not answered within 0.4 s."""
import http.server, json, socket, sys


def backend(port, once):
    done = set()
    server = socket.create_server(("127.0.0.1", port), backlog=512)
    while True:
        connection = server.accept()[0]
        connection.settimeout(2)
        try:
            token = connection.recv(100).decode().strip()
            if token and not (once and token in done):
                done.add(token)
                print("EXEC", token, flush=True)
            connection.sendall(b"done\n")
        except OSError:
            pass
        connection.close()


class Api(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        token = json.loads(self.rfile.read(int(self.headers["content-length"])))["token"]
        status, body = 503, b"the backend is away"
        for _ in range(50):
            try:
                with socket.create_connection(("127.0.0.1", int(sys.argv[3])), 0.4) as backend:
                    backend.sendall(token.encode() + b"\n")
                    if backend.recv(10):
                        status, body = 200, b"done"
                        break
            except OSError:
                pass
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if sys.argv[1] == "backend":
    backend(int(sys.argv[2]), "once" in sys.argv)
else:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Api).serve_forever()
