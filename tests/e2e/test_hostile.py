"""What can a member do whose library skips its own checks? Its neighbour must refuse what must be refused, keep what must
be kept, stay equal with the other members, and not grow."""
import os
import subprocess
import sys
import time

import harness
from harness import check

HOSTILE = sys.argv[2]


def hostile_member(world):
    a, b, guest = world.start("a"), world.start("b"), world.start("guest")
    _, group = harness.found(a)
    harness.join(a, b, "b")
    a.ask("addmany", 3000, 200)
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


harness.run(hostile_member)
