"""A server that answers a class that there is not: `python -m tests.benchmarks.other_answers PORT`."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

ANSWER = b'{"outputs": [{"name": "label", "data": [10]}, {"name": "probabilities", "data": [1.0]}]}'


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
