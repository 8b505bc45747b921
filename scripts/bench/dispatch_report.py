"""The table of scripts/bench-dispatch, with a limit beside each figure."""

# Of the bare loop's messages a second, at a provider that answers at once.
SHARE = 0.25
# Messages a second at a provider that takes 50 ms: Meta's highest for one number, less what a clock is off.
HELD = 990
# The 99th percentile of the API's answers while a campaign is sent, of its idle value.
SLOWER = 2.0
# Below this, in milliseconds, a percentile on a shared machine is noise.
SMALL = 3.0
# Megabytes above what the server had before it started to send.
MEMORY = 40
# The rate of the last tenth, of the first.
END = 0.90

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Report:
    def __init__(self):
        self.rows = []
        self.within = True

    def figure(self, database, size, what, figure, limit, holds):
        self.within = self.within and holds
        self.rows.append((NAMES[database], f"{size:,}", what, figure, limit, "" if holds else "TOO MUCH"))

    def at_once(self, database, size, found, bare):
        share = found["per_second"] / bare
        self.figure(database, size, "at once: messages/s", f"{found['per_second']:,.0f}", "", True)
        self.figure(database, size, "at once: bare loop, messages/s", f"{bare:,.0f}", "", True)
        self.figure(database, size, "at once: share of the bare loop", f"{share:.0%}", f">= {SHARE:.0%}", share >= SHARE)
        self.growth(database, size, "at once", found)
        self.memory(database, size, "at once", found)

    def paced(self, database, size, found, bare, idle):
        self.figure(database, size, "50 ms: messages/s", f"{found['per_second']:,.0f}", f">= {HELD:,}",
                    found["per_second"] >= HELD)
        self.figure(database, size, "50 ms: bare loop, messages/s", f"{bare:,.0f}", "", True)
        allowed = SLOWER * max(idle, SMALL / SLOWER)
        self.figure(database, size, "50 ms: API p99 idle, ms", f"{idle:.1f}", "", True)
        self.figure(database, size, "50 ms: API p99 while sending, ms", f"{found['p99']:.1f}", f"<= {allowed:.1f}",
                    found["p99"] <= allowed)
        self.growth(database, size, "50 ms", found)
        self.memory(database, size, "50 ms", found)

    def growth(self, database, size, when, found):
        end = found["last_tenth"] / found["first_tenth"]
        # A tenth of few messages is a fraction of a second.
        holds = end >= END or size < 100_000
        tenths = f"{found['first_tenth']:,.0f}, {found['last_tenth']:,.0f}"
        self.figure(database, size, f"{when}: first and last tenth, messages/s", tenths, "", True)
        self.figure(database, size, f"{when}: last tenth of first", f"{end:.0%}", f">= {END:.0%}", holds)

    def memory(self, database, size, when, found):
        self.figure(database, size, f"{when}: memory added", f"{found['memory']:.0f} MB", f"<= {MEMORY} MB",
                    found["memory"] <= MEMORY)

    def print(self):
        header = ("", "recipients", "", "found", "limit", "")
        print()
        for database, size, what, figure, limit, verdict in [header, *self.rows]:
            print(f"{database:12}{size:>10}  {what:44}{figure:>17}{limit:>12}  {verdict}".rstrip())
        return self.within
