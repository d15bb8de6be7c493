"""A stand-in for a proxy: answers readiness and chat on the port it is given, and notes what it was started with.

python stand_in.py PORT [--die-after N] [--never-ready] [--child PID_FILE] [--fd N] [--log]
"""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    answered = 0

    def do_GET(self):
        if "--never-ready" in sys.argv:
            return self.answer(503, {})
        return self.answer(200, "I'm alive!")

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.headers["authorization"] != f"Bearer {os.environ['LITELLM_MASTER_KEY']}":
            return self.answer(401, {"error": {"message": "wrong key", "type": "auth_error", "code": "401"}})
        message = {"role": "assistant", "content": f"from {os.getpid()}"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return self.answer(200, {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form, *arguments):
        if "--log" in sys.argv:
            print(form % arguments, flush=True)


def main():
    print("stand-in starts with", os.environ["LITELLM_MASTER_KEY"], flush=True)
    if "--die" in sys.argv:
        print("no configuration", flush=True)
        sys.exit(3)
    if "--child" in sys.argv:
        sleeper = [sys.executable, "-c", "import threading; threading.Event().wait(60)"]
        child = subprocess.Popen(sleeper)
        with open(sys.argv[sys.argv.index("--child") + 1], "w") as file:
            file.write(str(child.pid))
    own = "--fd" not in sys.argv
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler, bind_and_activate=own)
    if not own:
        server.socket = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    server.serve_forever()


main()
