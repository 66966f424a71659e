"""A server in this process that speaks the chat protocol, and fails on demand."""

import contextlib
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatServer:
    """Answers on 127.0.0.1 what `script` holds, in order, and then `answer` for ever.

    An entry is a text (the model's answer), an int (a status), or one of the words of `Handler`.
    """

    def __init__(self, answer="equal to", script=()):
        self.answer = answer
        self.script = deque(script)
        self.requests = []
        self.keys = []
        self.under_way = 0
        self.most_at_once = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.make_handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def make_handler(outer):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    outer.requests.append((self.path, body))
                    outer.keys.append(self.headers.get("Authorization"))
                    step = outer.script.popleft() if outer.script else outer.answer
                    outer.under_way += 1
                    outer.most_at_once = max(outer.most_at_once, outer.under_way)
                time.sleep(outer.delay)
                # Counted as over before the reply leaves: whoever reads it may ask again at once.
                with outer.lock:
                    outer.under_way -= 1
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.reply(step(body) if callable(step) else step)

            def reply(self, step):
                if step == "__timeout__":
                    time.sleep(0.6)
                    self.close_connection = True
                elif step == "__cut__":
                    self.send(200, b'{"choices": [{"mess', length=1000)
                    self.close_connection = True
                elif step == "__malformed__":
                    self.send(200, b'{"choices": []}')
                elif step == "__not_json__":
                    self.send(200, b"<html>hello</html>")
                elif step == "__slow_down__":
                    self.send(429, b'{"error": {"message": "slow down"}}', wait="7")
                elif isinstance(step, int):
                    self.send(step, b'{"error": {"message": "no such\\nthing"}}')
                else:
                    usage = {"prompt_tokens": 11, "completion_tokens": 3}
                    message = {"role": "assistant", "content": step}
                    answer = {"choices": [{"message": message}], "usage": usage}
                    self.send(200, json.dumps(answer).encode())

            def send(self, status, content, length=None, wait=None):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(length or len(content)))
                if wait:
                    self.send_header("Retry-After", wait)
                self.end_headers()
                self.wfile.write(content)

        return Handler
