"""Campaigns that are sent, and what the server does meanwhile."""

import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.request

from server import Browser

# The requests whose answers are timed: what a person looks at while a campaign is sent.
ASKED = ("/api/auth/me", "/api/contacts?per_page=20", "/api/campaigns", "/api/stats/dashboard")
# So many a second, one after the other.
PER_SECOND = 100
# Seconds of them while nothing is sent.
IDLE = 10
# Seconds that a campaign may take.
PATIENCE = 900


def program(root):
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "examples" / "bench_provider"


class Provider:
    """Takes every message after so many milliseconds."""

    def __init__(self, root, latency):
        self.process = subprocess.Popen([program(root), "serve", str(latency)], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def figures(self):
        with urllib.request.urlopen(f"{self.url}/figures", timeout=60) as answer:
            return json.load(answer)


def bare_loop(root, latency, concurrency, messages):
    """Messages a second of a loop of requests without a ledger. The best of three."""
    best = 0.0
    for _ in range(3):
        with Provider(root, latency) as provider:
            arguments = [program(root), "loop", provider.url, str(concurrency), str(messages)]
            printed = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
            if provider.figures()["messages"] != messages:
                raise RuntimeError("the bare loop lost a message")
            best = max(best, float(printed))
    return best


class Asking(threading.Thread):
    """Asks again and again on a connection of its own, and keeps how long each answer took, in milliseconds."""

    def __init__(self, browser):
        super().__init__(daemon=True)
        self.browser = Browser(browser.port, browser.cookie)
        self.taken = []
        self.failed = None
        self.enough = threading.Event()

    def run(self):
        requests = [self.browser.head("GET", path) for path in ASKED]
        began, asked = time.perf_counter(), 0
        try:
            while not self.enough.is_set():
                sent = time.perf_counter()
                status, _, body = self.browser.exchange(requests[asked % len(requests)])
                if status != 200:
                    raise RuntimeError(f"{ASKED[asked % len(ASKED)]}: {status} {body[:300]!r}")
                self.taken.append((time.perf_counter() - sent) * 1000)
                asked += 1
                time.sleep(max(0.0, began + asked / PER_SECOND - time.perf_counter()))
        except (OSError, RuntimeError) as error:
            self.failed = error

    def p99(self):
        """After the first ones, which warm up."""
        self.enough.set()
        self.join()
        if self.failed:
            raise self.failed
        taken = sorted(self.taken[20:])
        return taken[len(taken) * 99 // 100] if taken else float("nan")


def connect_number(browser):
    browser.put("/api/profile", {
        "whatsapp_api_key": "a token of the measurement",
        "whatsapp_phone_number_id": "100200300",
        "whatsapp_business_account_id": "400500600",
        "whatsapp_app_secret": "a secret of the measurement",
        "whatsapp_verify_token": "verify",
    })


def idle_p99(browser):
    asking = Asking(browser)
    asking.start()
    time.sleep(IDLE)
    return asking.p99()


def send(server, browser, provider, size, ask=False):
    """Sends a campaign to everyone: the provider's figures, the memory added, and how long answers took meanwhile."""
    text = "Hola {nombre}, esta semana hay descuentos."
    browser.connect()
    campaign = {"name": "Medida", "channel": "whatsapp", "message": text, "audience": {}}
    _, answer = browser.post("/api/campaigns", campaign)
    path = f"/api/campaigns/{answer['campaign']['id']}"
    time.sleep(1)
    before = server.memory("VmRSS")
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    browser.post(f"{path}/send", {})
    asking = Asking(browser) if ask else None
    if asking:
        asking.start()
    began = time.monotonic()
    while True:
        found = browser.get(path)["campaign"]
        if found["status"] != "active":
            break
        if time.monotonic() - began > PATIENCE:
            raise RuntimeError(f"the campaign does not end: {found}")
        time.sleep(0.2)
    answers = asking.p99() if asking else None
    figures = provider.figures()
    if found["status"] != "completed" or found["sent_count"] != size:
        raise RuntimeError(f"the campaign did not reach everyone: {found}")
    if figures["messages"] != size or figures["distinct"] != size:
        raise RuntimeError(f"messages were lost or sent twice: {figures}")
    return figures | {"memory": server.memory("VmHWM") - before, "p99": answers}
