"""Is everything that a call confirmed there after kill -9 at any moment, and the database whole?

A member writes as fast as it can and tells each change before it begins and after it is confirmed; it is killed at a
random moment, and a new process must find every confirmed change. A change that was begun may be there or not.
PEERGROUP_TEST_LONG=1 runs many more rounds; PEERGROUP_TEST_SEED repeats a run's choices (not its timing).
"""
import os
import random
import threading

import harness
from harness import check

SEED = int(os.environ.get("PEERGROUP_TEST_SEED", random.randrange(1 << 30)))


class Book:
    """What must be there: id -> set of marks that may stand ("-": deleted or never there)."""

    def __init__(self):
        self.notes = {}
        self.added = set()   # marks of additions that were begun and not confirmed
        self.confirmed = 0

    def read(self, member):
        """Takes the changes of a dead process: the last intent may stand, every confirmation must."""
        for line in member.events:
            verb, *rest = line.split()
            if verb in ("add", "update", "delete"):
                self.notes[rest[0]] = {rest[1]}
                self.confirmed += 1
        done = sum(line.split()[0] in ("add", "update", "delete") for line in member.events)
        check(len(member.intents) - done in (0, 1), "one change at a time")
        if len(member.intents) > done:
            verb, name, mark = member.intents[-1].split()
            if verb == "add":
                self.added.add(mark)
            else:
                self.notes[name].add(mark)

    def compare(self, records):
        for name, marks in self.notes.items():
            have = records[name][2] if name in records else "-"
            check(have in marks, "%s holds %s, not one of %s" % (name, have, marks))
        for name in records.keys() - self.notes.keys():
            check(records[name][2] in self.added, "%s was never confirmed nor begun" % name)
        self.notes = {name: {record[2]} for name, record in records.items()}
        self.added.clear()


def kill_at_random(member, chance):
    """Lets it run for a random time, which the tester's own clock ends."""
    timer = threading.Timer(chance.uniform(0.02, 0.9), member.process.kill)
    timer.start()
    member.process.wait()
    timer.join()
    member.kill()


def alone(world):
    """One member; no network at all."""
    chance = random.Random(SEED)
    print("seed", SEED, flush=True)
    member = world.start("member")
    identity, group = harness.found(member)
    member.quit()
    book, rounds = Book(), 60 if harness.LONG else 35
    for turn in range(rounds):
        member = world.start("member")
        member.ask("open", identity, group)
        book.compare(member.records())
        member.tell("storm", SEED + turn, 300000)
        member.wait("", count=1)
        kill_at_random(member, chance)
        book.read(member)
    member = world.start("member")
    member.ask("open", identity, group)
    book.compare(member.records())
    member.ask("add", 10, 1)
    member.quit()
    check(book.confirmed > rounds * 5, "only %d confirmed" % book.confirmed)
    print("%d rounds, %d confirmed changes" % (rounds, book.confirmed), flush=True)


def beside_a_neighbour(world):
    """The same with a connected neighbour and payloads of megabytes under way; in the end both hold the same."""
    chance = random.Random(SEED + 1)
    host, member = world.start("host"), world.start("member")
    _, group = harness.found(host)
    identity = harness.join(host, member, "member")
    host_address = host.address()
    book, rounds = Book(), 30 if harness.LONG else 15
    for turn in range(rounds):
        if turn > 0:
            member = world.start("member")
            member.ask("open", identity, group)
            book.compare(member.records())
            place = member.mark()
            member.ask("connect", host_address)
            member.wait("neighbour 1", after=place)
        member.tell("storm", SEED + turn, 3000000)
        member.wait("add")
        kill_at_random(member, chance)
        book.read(member)
    member = world.start("member")
    member.ask("open", identity, group)
    records = member.records()
    book.compare(records)
    member.ask("connect", host_address)
    host.wait_for_records(records, timeout=180)
    member.quit()
    host.quit()
    print("%d rounds, %d confirmed changes" % (rounds, book.confirmed), flush=True)


harness.run(alone, beside_a_neighbour)
