"""Is a group one process's at a time, and free again when that process is killed?"""
import harness
from harness import check


def second_process_is_refused(world):
    first = world.start("first")
    identity, group = harness.found(first)
    second = world.start("second", home=first.home)
    check(second.code("open", identity, group) == "PEER_E_GROUP_IN_USE", "open")
    check(second.code("delete", identity, group) == "PEER_E_GROUP_IN_USE", "delete")
    check(second.ask("holder", identity, group) == str(first.pid), "the holder's id")
    kept = first.ask("add", 100, 1).split()[0]
    first.kill()
    check(second.ask("holder", identity, group) == "0", "nobody holds it")
    second.ask("open", identity, group)
    second.ask("get", kept)
    check(second.ask("holder", identity, group) == str(second.pid), "the new holder")
    second.ask("close")
    second.ask("delete", identity, group)
    check(second.code("open", identity, group) == "E_INVALIDARG", "it is deleted")
    second.quit()


def second_process_may_not_join_either(world):
    host, guest = world.start("host"), world.start("guest")
    _, group = harness.found(host)
    identity = harness.join(host, guest, "guest")
    host.ask("invite", world.path("guest.id"), world.path("again"), harness.MEMBER, 0)
    other = world.start("other", home=guest.home)
    check(other.code("join", identity, world.path("again")) == "PEER_E_GROUP_IN_USE", "join elsewhere")
    check(guest.code("join", identity, world.path("again")) == "PEER_E_GROUP_IN_USE", "join again")
    guest.ask("close")
    check(guest.ask("holder", identity, group) == "0", "closed means free")
    other.ask("join", identity, world.path("again"))
    check(other.ask("holder", identity, group) == str(other.pid), "the other has it")
    other.quit()
    guest.quit()
    host.quit()


harness.run(second_process_is_refused, second_process_may_not_join_either)
