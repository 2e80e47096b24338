"""Drives member processes: starts them, sends a command, waits for answers and events with time limits.

A script gets the member program as its first argument. Nothing here sleeps: all waiting is for a line from a process,
or for its end.
"""
import collections
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LONG = os.environ.get("PEERGROUP_TEST_LONG") == "1"
# Sanitizers multiply memory: what is bounded there says nothing about the library.
SANITIZED = os.environ.get("PEERGROUP_TEST_SANITIZED") == "1"
PATIENCE = float(os.environ.get("PEERGROUP_TEST_PATIENCE", "60"))
ADMIN, INVITER, MEMBER = 1, 2, 4
IN_MEMORY = os.access("/dev/shm", os.W_OK)


class Failed(Exception):
    """A command was answered with a code."""


class Gone(Exception):
    """The process ended."""


def check_memory(grown, limit, what):
    """Both in KiB."""
    check(SANITIZED or grown < limit, "%s grew by %d KiB" % (what, grown))


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class World:
    """A folder for all, removed at the end; processes that are left over are killed."""

    def __init__(self, program):
        self.program = program
        place = os.environ.get("PEERGROUP_TEST_FOLDER") or ("/dev/shm" if IN_MEMORY else None)
        self.folder = tempfile.mkdtemp(prefix="peergroup-e2e-", dir=place)
        self.members = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, **options):
        member = Member(self, name, **options)
        self.members.append(member)
        return member


class Member:
    def __init__(self, world, name, home=None, listen="127.0.0.1:0", env=None, program=None, prepare=None):
        self.world, self.name = world, name
        self.home = home or world.path(name)
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        environment = dict(os.environ, PEERGROUP_HOME=self.home, PEERGROUP_LISTEN=listen, **(env or {}))
        self.stderr = open(world.path(name + ".log"), "ab")
        self.process = subprocess.Popen(program or [world.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.stderr, env=environment, preexec_fn=prepare)
        self.pid = self.process.pid
        self.answers = queue.Queue()
        self.events = []          # every line "!"
        self.lines = collections.deque()   # "@" lines since the last command
        self.intents = []         # every line "~"
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._answer(PATIENCE)

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode().rstrip("\n")
            kind, _, text = line.partition(" ")
            if kind in "=-":
                self.answers.put(line)
            else:
                with self.changed:
                    {"!": self.events, "@": self.lines, "~": self.intents}[kind].append(text)
                    self.changed.notify_all()
        self.answers.put(None)
        with self.changed:
            self.changed.notify_all()

    def _answer(self, timeout):
        try:
            line = self.answers.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError("%s: no answer in %s s" % (self.name, timeout)) from None
        if line is None:
            raise Gone("%s ended with %s: %s" % (self.name, self.process.wait(), self.log()))
        if line[0] == "-":
            raise Failed(line[2:].split()[0])
        return line[2:]

    def log(self):
        with open(self.world.path(self.name + ".log"), "rb") as file:
            return file.read()[-2000:].decode(errors="replace")

    def tell(self, *words):
        self.lines.clear()
        try:
            self.process.stdin.write((" ".join(str(word) for word in words) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Gone("%s ended with %s: %s" % (self.name, self.process.wait(), self.log())) from None

    def ask(self, *words, timeout=PATIENCE):
        self.tell(*words)
        return self._answer(timeout)

    def code(self, *words):
        """The code that a call is expected to fail with; "S_OK" when it did not."""
        try:
            self.ask(*words)
        except Failed as failed:
            return str(failed)
        return "S_OK"

    def mark(self):
        """A place in the list of events, to wait for what comes after it."""
        with self.changed:
            return len(self.events)

    def wait(self, start, after=0, count=1, timeout=PATIENCE):
        """Waits for count events whose text begins with start; gives the last one."""
        deadline = time.monotonic() + timeout
        seen, place = 0, after
        with self.changed:
            while True:
                while place < len(self.events):
                    text = self.events[place]
                    place += 1
                    if text.startswith(start):
                        seen += 1
                        if seen == count:
                            return text
                if self.process.poll() is not None and not self.reader.is_alive():
                    raise Gone("%s ended: %s" % (self.name, self.log()))
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(min(left, 5)) and time.monotonic() > deadline:
                    raise AssertionError("%s: %d of %d events '%s' in %s s\n%s" % (
                        self.name, seen, count, start, timeout, self.log()))

    def records(self):
        """{id: (version, size, mark)}"""
        self.ask("list", timeout=PATIENCE * 2)
        return {words[0]: (int(words[1]), int(words[2]), words[3]) for words in (line.split() for line in self.lines)}

    def wait_for_records(self, wanted, timeout=PATIENCE):
        """Waits until the records are those of a dictionary as records() gives it: looks again at each event."""
        deadline = time.monotonic() + timeout
        while True:
            place = self.mark()
            have = self.records()
            if have == wanted:
                return
            try:
                self.wait("record", after=place, timeout=min(5, max(0.1, deadline - time.monotonic())))
            except AssertionError:
                if time.monotonic() > deadline:
                    missing, surplus = wanted.keys() - have.keys(), have.keys() - wanted.keys()
                    other = [i for i in wanted.keys() & have.keys() if wanted[i] != have[i]]
                    raise AssertionError("%s: %d missing, %d surplus, %d other; %s" % (
                        self.name, len(missing), len(surplus), len(other), self.log())) from None

    def address(self):
        """Where the process listens, from the kernel's table."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            inodes = set()
            for fd in os.listdir("/proc/%d/fd" % self.pid):
                try:
                    inodes.add(os.readlink("/proc/%d/fd/%s" % (self.pid, fd)))
                except OSError:
                    pass
            for row in open("/proc/net/tcp"):
                words = row.split()
                if words[3] == "0A" and "socket:[%s]" % words[9] in inodes:
                    return "127.0.0.1:%d" % int(words[1].split(":")[1], 16)
            self.ask("count")
        raise AssertionError("%s does not listen" % self.name)

    def memory(self, what="VmRSS"):
        """In KiB; VmHWM is the peak."""
        for row in open("/proc/%d/status" % self.pid):
            if row.startswith(what + ":"):
                return int(row.split()[1])
        raise Gone(self.name)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def kill(self):
        """kill -9, and what it said until then."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()

    def quit(self):
        self.tell("quit")
        check(self.process.wait(timeout=PATIENCE) == 0, "%s: shutdown failed: %s" % (self.name, self.log()))
        self.reader.join()


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    """Until something listens there, as the kernel's table says: a call would be a customer."""
    deadline = time.monotonic() + PATIENCE
    wanted = "0100007F:%04X" % port
    while time.monotonic() < deadline:
        if any(row.split()[1] == wanted and row.split()[3] == "0A" for row in open("/proc/net/tcp")):
            return
    raise AssertionError("nothing listens at port %d" % port)


def found(member, label="founder"):
    """A new identity and group on a member, online; gives (identity, group)."""
    identity = member.ask("identity", label, member.world.path(label + ".id"))
    group = member.ask("create", identity)
    member.ask("connect")
    return identity, group


def invite(host, guest, label, roles=MEMBER, seconds=0):
    """A new identity on guest and an invitation for it by host; gives (identity, path of the invitation)."""
    world = host.world
    identity = guest.ask("identity", label, world.path(label + ".id"))
    host.ask("invite", world.path(label + ".id"), world.path(label + ".invitation"), roles, seconds)
    return identity, world.path(label + ".invitation")


def join(host, guest, label, roles=MEMBER, address=None):
    """guest joins through host and is synchronised; gives its identity."""
    identity, path = invite(host, guest, label, roles)
    guest.ask("join", identity, path)
    guest.ask("connect", *([address] if address else []))
    guest.wait("status 3")
    return identity


def run(*tests):
    """Runs the tests over a fresh world each; a script's last line."""
    failed = 0
    for test in tests:
        began = time.monotonic()
        try:
            with World(sys.argv[1]) as world:
                test(world)
            print("ok %s %.1f s" % (test.__name__, time.monotonic() - began), flush=True)
        except (AssertionError, Failed, Gone, OSError) as error:
            failed += 1
            print("not ok %s: %s: %s" % (test.__name__, type(error).__name__, error), flush=True)
            if os.environ.get("PEERGROUP_TEST_TRACE"):
                raise
    sys.exit(1 if failed else 0)
