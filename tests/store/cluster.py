"""A real PostgreSQL cluster of Debian's, for the time of the tests: unix socket only, nothing kept."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

BINARIES = Path("/usr/lib/postgresql")
_numbers = itertools.count(1)


def missing() -> str | None:
    """Why there can be no cluster here; None when there can."""
    if _programs() is None:
        return f"PostgreSQL is not installed (no {BINARIES}/*/bin/initdb)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "root needs `runuser` to start PostgreSQL as another user"
    return None


def _programs() -> Path | None:
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """initdb, start, databases, stop."""

    def __init__(self) -> None:
        programs = _programs()
        assert programs is not None
        self._programs = programs
        # Not under pytest's folder: that one is closed to the user postgres, and too long for a socket's name.
        self.folder = Path(tempfile.mkdtemp(prefix="kw-pg-"))
        self._user = "postgres"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            self._user,
            "-A",
            "trust",
            "--no-sync",
            "--locale=C.UTF-8",
            "--wal-segsize=1",
        )
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def start(self) -> None:
        settings = f"-k {self.folder} -c listen_addresses= -c fsync=off -c full_page_writes=off -c shared_buffers=16MB"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", log, "-o", settings, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://{self._user}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The url of a fresh database."""
        name = f"kw{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def sql(self, text: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(text)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=90
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")
