"""A server of the release build, and browsers that use it."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import uuid

PATIENCE = 60.0


class Browser:
    """One signed-in account on one connection that stays open."""

    def __init__(self, port, cookie=None):
        self.port = port
        self.cookie = cookie
        self.connect()

    def connect(self):
        """Anew: the server closes connections on which nothing comes."""
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def head(self, method, path, more=""):
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        origin = f"http://127.0.0.1:{self.port}"
        return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nOrigin: {origin}\r\n{cookie}{more}\r\n".encode()

    def exchange(self, request):
        """Sends bytes; the status, the head and the body of the answer."""
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.take()
        head, body = received.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(body) < length:
            body += self.take()
        return int(head[9:12]), head, body

    def take(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise RuntimeError("the server closed the connection")
        return part

    def get(self, path):
        status, _, body = self.exchange(self.head("GET", path))
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return json.loads(body)

    def post(self, path, body):
        return self.write("POST", path, body)

    def put(self, path, body):
        return self.write("PUT", path, body)

    def write(self, method, path, body):
        content = json.dumps(body).encode()
        more = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        status, head, answer = self.exchange(self.head(method, path, more) + content)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")
        return head, json.loads(answer)

    def upload(self, path, file):
        self.connect()
        boundary = "a-boundary-of-the-benchmark"
        before = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
                  "Content-Type: application/octet-stream\r\n\r\n").encode()
        after = f"\r\n--{boundary}--\r\n".encode()
        length = len(before) + file.stat().st_size + len(after)
        more = f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {length}\r\n"
        self.socket.sendall(self.head("POST", path, more) + before)
        with file.open("rb") as content:
            self.socket.sendfile(content)
        status, _, answer = self.exchange(after)
        if status != 202:
            raise RuntimeError(f"POST {path}: {status} {answer[:300]!r}")
        return json.loads(answer)


class Server:
    def __init__(self, root, database_url, folder, **more):
        binary = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "nexus"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / "server.log"
        variables = {"DATABASE_URL": database_url, "PORT": str(self.port), "DATA_FOLDER": str(folder / "data"),
                     "SANDBOX": "off", "PATH": os.environ["PATH"], "IMPORT_MAX_BYTES": str(1 << 30)} | more
        with self.log.open("w") as log:
            self.process = subprocess.Popen([binary, "serve"], env=variables, stdout=log, stderr=log)

    def __enter__(self):
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        began = time.monotonic()
        while True:
            try:
                if Browser(self.port).exchange("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n".encode())[0] == 200:
                    return
            except (OSError, RuntimeError):
                pass
            if self.process.poll() is not None or time.monotonic() - began > PATIENCE:
                raise RuntimeError(f"the server does not get ready:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def sign_up(self):
        account = {"name": "Medida", "email": f"{uuid.uuid4().hex}@example.com", "password": "cuatro gatos en la azotea"}
        head, _ = Browser(self.port).post("/api/auth/register", account)
        return Browser(self.port, re.search(rb"(?i)set-cookie: ([^;]+)", head)[1].decode())

    def memory(self, line):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{line}:\s+(\d+)", status)[1]) * 1024 / 1e6

    def import_file(self, browser, file, rows):
        """Imports the file, which has so many rows: how long it took and what memory grew by."""
        time.sleep(1)
        before = self.memory("VmRSS")
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        path = "/api/contacts/imports/" + browser.upload("/api/contacts/import/file", file)["import"]["id"]
        received = time.perf_counter()
        while True:
            found = browser.get(path)["import"]
            if found["status"] not in ("queued", "running"):
                break
            time.sleep(0.05)
        seconds = time.perf_counter() - received
        progress = found["progress"]
        parts = ("created", "updated", "unchanged", "skipped", "blank", "invalid")
        if found["status"] != "completed" or progress["read"] != rows or sum(progress[part] for part in parts) != rows:
            raise RuntimeError(f"the rows are not accounted for: {found}")
        if progress["created"] != rows:
            raise RuntimeError(f"these rows were to be new: {progress}")
        return {"seconds": seconds, "rows_per_second": rows / seconds, "memory": self.memory("VmHWM") - before}
