"""How quickly a server answers about contacts."""

import os
import pathlib
import statistics
import subprocess
import time

WARM_UP = 10
MEASURED = 101
# Of those that ask at once, and how long they do.
CONNECTIONS = 16
SECONDS = 3

FIRST = "/api/contacts?per_page=20"


def median_ms(browser, path):
    request = browser.head("GET", path)
    taken = []
    for number in range(WARM_UP + MEASURED):
        began = time.perf_counter()
        status, _, body = browser.exchange(request)
        ended = time.perf_counter()
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        if number >= WARM_UP:
            taken.append((ended - began) * 1000)
    return statistics.median(taken)


def deep_cursor(browser, size):
    """A cursor nine tenths down the list by name: found by its page, not by walking there."""
    page = browser.get(f"/api/contacts?per_page=100&sort=name&page={max(1, size * 9 // 1000)}")
    return f"/api/contacts?per_page=20&sort=name&cursor={page['pagination']['next_cursor']}" \
        if "next_cursor" in page["pagination"] else f"/api/contacts?per_page=20&sort=name&cursor={page['next_cursor']}"


def paths(browser, size):
    """What is asked, by its name."""
    one = browser.get(f"{FIRST}&page=3")["contacts"][7]
    phone = one["phone"]
    return {
        "/health, for comparison": "/health",
        "who is signed in": "/api/auth/me",
        "one contact": f"/api/contacts/{one['id']}",
        "first page": FIRST,
        "first page by cursor": f"{FIRST}&cursor=",
        "first page by name": f"{FIRST}&sort=name",
        "deep page by cursor": deep_cursor(browser, size),
        "deep page by number": f"{FIRST}&page={size * 9 // 200}",
        "search: one phone number": f"{FIRST}&search={phone[3:5]}%20{phone[5:9]}%20{phone[9:]}",
        "search: part of an e-mail": f"{FIRST}&search={one['email'][:13]}",
        "search: nobody": f"{FIRST}&search=zzyzx",
        "search: a common name": f"{FIRST}&search=gonzalez",
        "search: a common name by cursor": f"{FIRST}&search=gonzalez&cursor=",
        "search: two letters": f"{FIRST}&search=ma",
        "filter: a tag of one in twenty": f"{FIRST}&tag=grupo%207",
        "filter: tag, status and phone": f"{FIRST}&tag=preferente&status=active&has=phone",
        "filter: inactive, of whom there are none": f"{FIRST}&status=inactive",
        "search within a tag": f"{FIRST}&tag=grupo%207&search=lopez",
        "tags with their numbers": "/api/contacts/tags",
        "dashboard": "/api/stats/dashboard",
    }


def latencies(browser, asked):
    """The median of each kind of request, in milliseconds, on one connection."""
    return {name: median_ms(browser, path) for name, path in asked.items()}


def rates(root, browser, asked):
    """Answers a second of each kind of request on many connections."""
    program = load_program(root)
    found = {}
    for name, path in asked.items():
        arguments = [program, f"127.0.0.1:{browser.port}", str(CONNECTIONS), str(SECONDS)]
        printed = subprocess.run(arguments, input=browser.head("GET", path), check=True, capture_output=True).stdout
        found[name] = float(printed.split()[0])
    return found


def load_program(root):
    """The program that asks quickly enough, compiled when it is not there."""
    source = root / "scripts" / "bench" / "load.rs"
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "bench-load"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["rustc", "--edition", "2024", "-O", "-o", program, source], check=True)
    return program
