"""The tables, with a limit beside each figure."""

# Of PostgreSQL's COPY of the same rows into the same, indexed table in the same run. SQLite has no COPY, and is
# held to PostgreSQL's.
SHARE = {"csv": 0.35, "xlsx": 0.25}
# Megabytes above what the server had before.
MEMORY = {"csv": 64, "xlsx": 250}
# The largest size's answer by the smallest's.
GROWTH = 2.0
# Below this, in milliseconds, growth is noise.
SMALL = 1.0
# A deep page by number may take so many times the first.
DEEP = 5.0
# Who is signed in, in answers a second, of what the server says without asking anybody.
HEALTH, SIGNED_IN, OF_HEALTH = "/health, for comparison", "who is signed in", 0.40
# Of pgbench with the same query on as many connections. A tag's contacts are a page like others.
OF_PGBENCH = {
    "one contact": 0.35,
    "first page by cursor": 0.20,
    "deep page by cursor": 0.20,
    "search: one phone number": 0.50,
    "filter: a tag of one in twenty": 0.20,
}
# Whose answers a second are counted.
RATED = [HEALTH, SIGNED_IN, *OF_PGBENCH]

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Report:
    def __init__(self, sizes):
        self.sizes = sizes
        self.imports = []
        self.copies = {}
        self.answers = {}
        self.rates = {}
        self.queries = {}
        self.within = True

    def imported(self, database, size, imports, bare):
        self.imports.append((database, size, imports))
        if bare:
            self.copies[size] = bare

    def answered(self, database, size, answers):
        self.answers[database, size] = answers

    def rated(self, database, size, rates):
        self.rates[database, size] = rates

    def bare(self, size, queries):
        self.queries[size] = queries

    def verdict(self, holds):
        self.within = self.within and holds
        return "" if holds else "  TOO MUCH"

    def print(self):
        self.print_imports()
        for database in NAMES:
            if any(of == database for of, _ in self.answers):
                self.print_answers(database)
        self.print_rates()
        return self.within

    def print_imports(self):
        print(f"\nImports\n{'':12}{'rows':>11}{'':6}{'rows/s':>10}{'COPY/s':>10}{'share':>8}{'goal':>7}{'memory':>9}{'limit':>7}")
        for database, size, imports in self.imports:
            bare = self.copies.get(size, float("nan"))
            for kind, found in imports.items():
                share = found["rows_per_second"] / bare
                # Half a second of work says more about starting than about importing.
                holds = not (share < SHARE[kind] and size >= 100_000) and found["memory"] <= MEMORY[kind]
                print(f"{NAMES[database]:12}{size:>11,}{kind:>6}{found['rows_per_second']:>10,.0f}{bare:>10,.0f}{share * 100:>7.0f}%"
                      f"{SHARE[kind]:>7.0%}{found['memory']:>6.0f} MB{MEMORY[kind]:>4} MB{self.verdict(holds)}")

    def print_answers(self, database):
        columns = "".join(f"{size:>12,}" for size in self.sizes)
        print(f"\n{NAMES[database]}: median answer in ms, by contacts of the account\n{'':44}{columns}{'growth':>9}{'limit':>7}")
        for name in self.answers[database, self.sizes[0]]:
            figures = [self.answers[database, size][name] for size in self.sizes]
            growth = figures[-1] / max(figures[0], SMALL)
            print(f"{name:44}{''.join(f'{figure:>12.2f}' for figure in figures)}{growth:>9.1f}{GROWTH:>7.1f}"
                  f"{self.verdict(growth <= GROWTH)}")
        largest = self.answers[database, self.sizes[-1]]
        deep = largest["deep page by number"] / largest["first page"]
        print(f"deep page by number / first page: {deep:.1f}, limit {DEEP:.0f}{self.verdict(deep <= DEEP)}")

    def print_rates(self):
        for (database, size), rates in self.rates.items():
            bare = self.queries.get(size, {}) if database == "postgres" else {}
            print(f"\n{NAMES[database]}, {size:,} contacts: answers a second on many connections\n"
                  f"{'':44}{'server':>10}{'pgbench':>10}{'share':>8}{'goal':>7}")
            for name, rate in rates.items():
                limit, goal = (rates[HEALTH], OF_HEALTH) if name == SIGNED_IN else (bare.get(name), OF_PGBENCH.get(name))
                if limit is None:
                    print(f"{name:44}{rate:>10,.0f}")
                    continue
                shown = f"{limit:>10,.0f}" if name in bare else f"{'/health':>10}"
                print(f"{name:44}{rate:>10,.0f}{shown}{rate / limit:>8.0%}{goal:>7.0%}{self.verdict(rate >= goal * limit)}")
