"""What can a member do whose library skips its own checks? Its neighbour must refuse what must be refused, keep what must
be kept, stay equal with the other members, and not grow."""
import os
import subprocess
import sys
import time

import harness
from harness import check

HOSTILE = sys.argv[2]
LARGE = 8000000


def hostile_member(world):
    a, b, guest = world.start("a"), world.start("b"), world.start("guest")
    _, group = harness.found(a)
    harness.join(a, b, "b")
    a.ask("addmany", 3000, 200)
    for number in range(6):
        a.ask("add", 300000, number)
    victim = a.ask("add", 200, 1).split()[0]
    identity = harness.join(a, guest, "guest")
    guest.wait_for_records(a.records())
    guest.quit()
    b.wait_for_records(a.records())
    kept = a.ask("get", victim)
    before, place = a.memory(), a.mark()
    address = a.address()
    attack = subprocess.Popen([HOSTILE, os.environ.get("PEERGROUP_TEST_ATTACK", "all"), identity, group, address, victim], stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, PEERGROUP_HOME=guest.home))
    waits = []
    with attack.stdout:
        for line in attack.stdout:
            began = time.monotonic()
            # Meanwhile the others work on: a record each way, at once.
            name = a.ask("add", 100, len(waits)).split()[0]
            b.wait("record 1 " + name, timeout=20)
            name = b.ask("add", 100, 1000 + len(waits)).split()[0]
            a.wait("record 1 " + name, timeout=20)
            waits.append(time.monotonic() - began)
            print("%s; %d KiB; a record each way %.0f ms" % (line.strip(), a.memory() - before, waits[-1] * 1000), flush=True)
    check(attack.wait() == 0, "an attack had another outcome than it must")
    check(a.ask("get", victim) == kept, "the attacked record is as it was")
    a.ask("add", 5000000, 9)
    b.wait_for_records(a.records())
    check(a.ask("get", victim) == b.ask("get", victim), "the same everywhere")
    grown = a.memory("VmHWM") - before
    print("peak memory above the start: %d KiB" % grown, flush=True)
    harness.check_memory(grown, 48 * 1024, "the attacked process")
    check(not any(event.startswith("failed") for event in a.events[place:]), "nothing failed for the application")
    b.quit()
    a.quit()


def pieces_by_turns(world):
    """145 KB of requests for pieces of six large records by turns do not hold up what other members exchange."""
    a, b, guest = world.start("a"), world.start("b"), world.start("guest")
    _, group = harness.found(a)
    harness.join(a, b, "b")
    victims = [a.ask("add", LARGE, number).split()[0] for number in range(6)]
    identity = harness.join(a, guest, "guest")
    guest.wait_for_records(a.records())
    guest.quit()
    b.wait_for_records(a.records())
    attack = subprocess.Popen([HOSTILE, "pieces", identity, group, a.address(), victims[0]],
                              env=dict(os.environ, PEERGROUP_HOME=guest.home))
    waits = []
    while attack.poll() is None or not waits:
        began = time.monotonic()
        name = a.ask("add", 100, 1000 + len(waits)).split()[0]
        b.wait("record 1 " + name, timeout=60)
        waits.append((time.monotonic() - began) * 1000)
    waits.sort()
    print("%d records meanwhile: median %.0f ms, worst %.0f ms" % (len(waits), waits[len(waits) // 2], waits[-1]), flush=True)
    check(attack.wait() == 0, "the attack had another outcome than it must")
    check(harness.SANITIZED or waits[-1] < 500, "a record took %.0f ms" % waits[-1])
    b.quit()
    a.quit()


harness.run(hostile_member, pieces_by_turns)
