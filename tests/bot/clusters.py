"""PostgreSQL servers of the tests' own: clusters in temporary folders, on ports of the loopback address."""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

REQUIRED = "NEWMON_REQUIRE_POSTGRES"  # where this variable is set, tests that need a server never skip
PASSWORD = "a secret word"  # of the role "newmon", which owns everything
_ENCODED = PASSWORD.replace(" ", "%20")
_DEBIANS = Path("/usr/lib/postgresql")
# Nothing here outlives the machine, so that nothing need wait for its disk.
_QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_wal_size=64MB", "autovacuum=off")
_POLL_S = 0.05

# How databases sort text that says nothing of it. The second is what most servers are installed with.
C, AMERICAN = "C.UTF-8", "en_US.UTF-8"
LOCALES = (C, AMERICAN)


def binaries() -> Path | None:
    """Where the server's programs are: in PATH, or the newest that Debian installed; None without any."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(_DEBIANS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def _account() -> dict[str, int]:
    """As whom the server runs: it refuses to be root's."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid}
    raise RuntimeError("no account that a PostgreSQL server could run as")


def _plain(locale: str) -> str:
    return locale.lower().replace("-", "")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    """One server. `start` it, and `remove` it in the end.

    `settings` are lines of postgresql.conf. No file of it gets larger than `largest_file` bytes, which to the
    server is a full disk; no multiple of its pages, please.
    """

    def __init__(self, *settings: str, largest_file: int | None = None) -> None:
        bin_folder = binaries()
        if bin_folder is None:
            raise RuntimeError("PostgreSQL is not installed")
        self._bin = bin_folder
        self._settings = (*_QUICK, *settings)
        self._limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
        self._account = _account()
        self._numbers = itertools.count()
        self._process: subprocess.Popen[Any] | None = None
        # Not below a folder of pytest's, which nobody but root can look into.
        self.folder = Path(tempfile.mkdtemp(prefix="newmon-postgres-"))
        self.log = self.folder / "log"
        self.port = free_port()
        self._locales = self.folder / "locales"
        self._locales.mkdir()
        atexit.register(self.remove)  # also where a test session is interrupted
        if self._account:
            for folder in (self.folder, self._locales):
                os.chown(folder, self._account["user"], self._account["group"])
        self._make()

    def _make(self) -> None:
        words = self.folder / "password"
        words.write_text(PASSWORD)
        words.chmod(0o644)
        self._run(
            *(
                "initdb",
                "--no-sync",
                "--wal-segsize=1",
                "--username=newmon",
                f"--pwfile={words}",
                "--encoding=UTF8",
            ),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--locale={C}", "--no-instructions"),
            *("-D", str(self.folder / "data")),
        )

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", timeout=60, **self._privileges()
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout

    def _privileges(self) -> dict[str, Any]:
        return {**self._account, "extra_groups": []} if self._account else {}

    def start(self) -> Cluster:
        """Returns once it takes connections."""
        listening = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
        )
        options = [part for line in (*listening, *self._settings) for part in ("-c", line)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._limit, str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd="/",
                env=os.environ | {"LOCPATH": f"{self._locales}:/usr/lib/locale"},
                **self._privileges(),
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        where = ["-h", str(self.folder), "-p", str(self.port)]
        while self._process.poll() is None:
            asked = subprocess.run([str(self._bin / "pg_isready"), "-q", *where], cwd="/")
            if asked.returncode == 0:
                return
            try:
                self._process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
        raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text()}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends its connections and stops, SIGQUIT stops as a crash does."""
        if self._process is not None:
            self.signal_all(signal.SIGCONT)  # those that are frozen hear nothing else
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def restart(self, number: signal.Signals = signal.SIGINT) -> None:
        self.stop(number)
        self.start()

    def signal_all(self, number: signal.Signals) -> None:
        """To the server and all its processes, at once: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in (self._process.pid, *map(int, children.split())):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def remove(self) -> None:
        """Stop it and forget everything."""
        atexit.unregister(self.remove)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, *statements: str, database: str = "postgres") -> list[str]:
        """What the statements say, each in a transaction of its own; a row's columns with | between them."""
        words = [part for statement in statements for part in ("-c", statement)]
        return self._run(*self.psql(database), *words).splitlines()

    def psql(self, database: str) -> list[str]:
        """The command that takes statements and prints rows."""
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "newmon", "-d", database]
        return [str(self._bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where]

    def _knows(self, locale: str) -> bool:
        """Whether the server can sort like that; what the machine does not have is compiled for it."""
        known = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
        made = self._locales / locale
        if made.is_dir() or _plain(locale) in map(_plain, known):
            return True
        language, _, encoding = locale.partition(".")
        command = ["localedef", "-i", language, "-f", encoding, str(made)]
        try:
            return subprocess.run(command, capture_output=True, cwd="/", **self._privileges()).returncode == 0
        except FileNotFoundError:
            return False

    def create(self, locale: str = C, *, template: str = "template0", name: str = "") -> str:
        """A database that sorts like that; returns its name.

        Where Debian's package `locales` is missing, ICU's locale of the same language does.
        """
        name = name or f"newmon_{next(self._numbers)}"
        if template != "template0":
            how = ""
        elif self._knows(locale):
            how = f"LOCALE '{locale}'"
        elif os.environ.get(REQUIRED):
            raise RuntimeError(f"{locale} cannot be compiled: install Debian's package locales")
        else:
            language = locale.partition(".")[0].replace("_", "-")
            how = f"LOCALE_PROVIDER icu ICU_LOCALE '{language}' LOCALE '{C}'"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {how}')
        return name

    def drop(self, name: str) -> None:
        self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str, *, port: int | None = None, options: str = "") -> str:
        """Its address, with a password in it."""
        return f"postgresql://newmon:{_ENCODED}@127.0.0.1:{port or self.port}/{name}{options}"
