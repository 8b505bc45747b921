"""How quickly a server answers about contacts."""

import statistics
import time

WARM_UP = 10
MEASURED = 101

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


def latencies(browser, size):
    """The median of each kind of request, in milliseconds, on one connection."""
    one = browser.get(f"{FIRST}&page=3")["contacts"][7]
    phone = one["phone"]
    found = {}
    for name, path in {
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
    }.items():
        found[name] = median_ms(browser, path)
    return found
