# One file, two roles. backend: answers 200 to the path in its last argument and 404 to anything else, as most Go servers do. api: echo.
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
role, port = sys.argv[1], int(sys.argv[2])
class H(BaseHTTPRequestHandler):
    def say(self, code, body):
        b = json.dumps(body).encode()
        self.send_response(code); self.send_header("content-length", str(len(b))); self.end_headers(); self.wfile.write(b)
    def do_GET(self): self.say(200 if self.path == sys.argv[-1] else 404, {"path": self.path})
    def do_POST(self): self.say(200, json.loads(self.rfile.read(int(self.headers["content-length"]))))
ThreadingHTTPServer(("127.0.0.1", port), H).serve_forever()
