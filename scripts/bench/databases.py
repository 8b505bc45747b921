"""The databases that the server is measured on, and what they do by themselves."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

from requests_made import CONNECTIONS, SECONDS


def program(root, name):
    """One of PostgreSQL's programs: beside its server, or wherever the shell finds it."""
    supervisor = root / "crates" / "testing" / "src" / "throwaway-postgres.sh"
    found = subprocess.run(["sh", supervisor, "--find"], check=True, capture_output=True, text=True).stdout
    beside = (pathlib.Path(found.strip()) / "postgres").resolve().parent / name
    return beside if beside.exists() else shutil.which(name) or sys.exit(f"{name} is not installed")


def migrate(root, url, folder):
    binary = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "nexus"
    variables = {"DATABASE_URL": url, "DATA_FOLDER": str(folder / "data"), "PATH": os.environ["PATH"]}
    subprocess.run([binary, "migrate"], env=variables, check=True, capture_output=True)


class Sqlite:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.file = folder / "nexus.db"
        self.url = f"sqlite://{self.file}?mode=rwc"

    def settle(self):
        pass

    def bare_copy(self, _size):
        """SQLite has nothing like it."""


class Postgres:
    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.psql_program, self.pgbench_program = program(root, "psql"), program(root, "pgbench")
        server = urlsplit(os.environ["DATABASE_URL"])
        self.socket = unquote(parse_qs(server.query)["host"][0])
        self.name = f"bench_{uuid.uuid4().hex[:8]}"
        self.psql("postgres", f"CREATE DATABASE {self.name}")
        self.url = self.address(self.name)

    def address(self, name):
        return f"postgres://postgres@localhost:5432/{name}?host={self.socket}"

    def psql(self, name, *commands):
        arguments = [argument for command in commands for argument in ("-c", command)]
        return subprocess.run(
            [self.psql_program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-p", "5432",
             "-U", "postgres", "-d", name, *arguments],
            check=True, capture_output=True, text=True).stdout

    def settle(self):
        """Waits for what the database does by itself after many changes."""
        at_work = ("SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%VACUUM%' "
                   "AND state = 'active' AND pid <> pg_backend_pid()")
        while int(self.psql(self.name, at_work)):
            time.sleep(0.1)

    def bare_copy(self, size):
        """Rows a second of a COPY of the first account's contacts into the same, empty tables."""
        other = f"{self.name}_copy"
        self.psql("postgres", f"CREATE DATABASE {other}")
        migrate(self.root, self.address(other), self.folder)
        users, contacts = self.folder / "users.copy", self.folder / "contacts.copy"
        first = "(SELECT user_id FROM contacts ORDER BY id LIMIT 1)"
        self.psql(self.name, f"\\copy users TO '{users}'",)
        self.psql(self.name, f"\\copy (SELECT * FROM contacts WHERE user_id = {first}) TO '{contacts}'")
        self.psql(other, f"\\copy users FROM '{users}'")
        began = time.perf_counter()
        self.psql(other, f"\\copy contacts FROM '{contacts}'")
        taken = time.perf_counter() - began
        self.psql("postgres", f"DROP DATABASE {other}")
        return size / taken

    def bare_queries(self):
        """How often a second pgbench does the queries themselves, on as many connections."""
        (user, name, tag), row = self.psql(
            self.name, "SELECT user_id || '|' || name_key || '|' || 'grupo 7' FROM contacts ORDER BY id OFFSET 70 LIMIT 1"
        ).strip().split("|"), self.psql(self.name, "SELECT id FROM contacts ORDER BY id OFFSET 70 LIMIT 1").strip()
        phone = self.psql(self.name, f"SELECT substr(phone, 4) FROM contacts WHERE id = '{row}'").strip()
        page = f"SELECT * FROM contacts WHERE user_id = '{user}'"
        return {
            "one contact": self.pgbench(f"{page} AND id = '{row}'"),
            "first page by cursor": self.pgbench(f"{page} ORDER BY created_at DESC, id DESC LIMIT 21"),
            "deep page by cursor": self.pgbench(f"{page} AND (name_key, id) > ('{name}', '{row}') ORDER BY name_key, id LIMIT 21"),
            "search: one phone number": self.pgbench(
                f"{page} AND search_text LIKE '%{phone}%' ORDER BY created_at DESC, id DESC LIMIT 21"),
            "filter: a tag of one in twenty": self.pgbench(
                f"SELECT c.* FROM contact_tags AS t JOIN contacts AS c ON c.id = t.contact_id WHERE t.user_id = '{user}' "
                f"AND t.tag_key = '{tag}' ORDER BY t.created_at DESC, t.contact_id DESC LIMIT 21"),
        }

    def pgbench(self, statement):
        script = self.folder / "statement.sql"
        script.write_text(statement + ";\n")
        printed = subprocess.run(
            [self.pgbench_program, "-n", "-M", "prepared", "-T", str(SECONDS), "-c", str(CONNECTIONS), "-j", "2",
             "-f", script, "-h", self.socket, "-p", "5432", "-U", "postgres", self.name],
            check=True, capture_output=True, text=True).stdout
        return float(re.search(r"tps = ([\d.]+) ", printed)[1])


@contextlib.contextmanager
def make(root, name, folder):
    if name == "sqlite":
        yield Sqlite(root, folder)
        return
    database = Postgres(root, folder)
    try:
        yield database
    finally:
        database.psql("postgres", f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
