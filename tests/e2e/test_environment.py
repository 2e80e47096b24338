"""What happens in a bad environment: a full disk, a folder that cannot be written, a wrong clock, an invitation that has
ended? The call says so, nothing confirmed is lost, and it works again when the environment does."""
import ctypes
import os
import resource
import subprocess

import harness
from harness import check

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
DAYS = 2 * 86400


def may_mount():
    return subprocess.run(["unshare", "-m", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def fill_and_recover(world, full, recovered):
    """full: how the member's process is started; recovered: how after that. The writer fills what room there is."""
    member = world.start("member", **full)
    identity, group = harness.found(member)
    kept, code = {}, "S_OK"
    for number in range(4000):
        try:
            name = member.ask("add", 30000, number).split()[0]
        except harness.Failed as failed:
            code = str(failed)
            break
        kept[name] = member.ask("get", name)
    check(code == "PEER_E_DISK_FULL", "a full disk gives %s after %d records" % (code, len(kept)))
    check(len(kept) > 3, "only %d records before" % len(kept))
    for name, value in kept.items():
        check(member.ask("get", name) == value, "what was confirmed is still there")
    check(member.code("add", 30000, 1) == "PEER_E_DISK_FULL", "and it says so again")
    check(member.records().keys() == kept.keys(), "no more than what was confirmed")
    recovered(member)
    member = world.members[-1]
    if member.code("count") == "PEER_E_INVALID_GROUP":
        member.ask("open", identity, group)
    for name, value in kept.items():
        check(member.ask("get", name) == value, "what was confirmed is there again")
    member.ask("add", 100, 1)
    member.quit()


def file_size_limit(world):
    """A limit on the size of files: the database and its log cannot grow beyond 2 MB."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000000, resource.RLIM_INFINITY))

    def lift(member):
        resource.prlimit(member.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    fill_and_recover(world, {"prepare": limit}, lift)


def full_disk(world):
    """A file system of 3 MB of its own, in a mount namespace; then a larger one."""
    home = world.path("member")
    os.makedirs(home, mode=0o700)
    if not may_mount():
        print("skipped: no mount namespace", flush=True)
        return
    script = "mount -t tmpfs -o size=3m,mode=700 none %s && exec %s" % (home, world.program)

    def grow(member):
        subprocess.run(["nsenter", "-m", "-t", str(member.pid), "mount", "-o", "remount,size=30m", home], check=True)

    fill_and_recover(world, {"program": ["unshare", "-m", "sh", "-c", script]}, grow)


def read_only_folder(world):
    """A folder without the right to write, as an ordinary user."""
    world_mode = 0o755
    os.chmod(world.folder, world_mode)
    member = world.start("member")
    identity, group = harness.found(member)
    name = member.ask("add", 100, 1).split()[0]
    value = member.ask("get", name)
    member.quit()
    home = member.home
    files = [os.path.join(folder, entry) for folder, folders, entries in os.walk(home) for entry in folders + entries]

    def as_user():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)

    options = {}
    if os.geteuid() == 0:
        for path in files + [home]:
            os.chown(path, 65534, 65534)
        options["prepare"] = as_user
    modes = {path: os.stat(path).st_mode & 0o777 for path in files + [home]}
    for path in files + [home]:
        os.chmod(path, modes[path] & ~0o222)
    member = world.start("member", **options)
    code = member.code("open", identity, group)
    check(code == "PEER_E_NO_KEY_ACCESS", "a read-only folder gives %s" % code)
    code = member.code("identity", "second", world.path("second.id"))
    check(code == "PEER_E_NO_KEY_ACCESS", "a new identity gives %s" % code)
    for path in [home] + files:
        os.chmod(path, modes[path])
    member.ask("open", identity, group)
    check(member.ask("get", name) == value, "nothing is lost")
    member.quit()


def wrong_clock(world):
    """A newcomer whose clock is two days off is told so and joins once it is right."""
    for offset in (DAYS, -DAYS):
        label = "guest%d" % offset
        host, guest = world.start("host%d" % offset), world.start(label, env={"PEERGROUP_TEST_CLOCK_OFFSET": str(offset)})
        harness.found(host, label + "host")
        name = host.ask("add", 100, 1).split()[0]
        identity, path = harness.invite(host, guest, label)
        code = guest.code("join", identity, path)
        if offset > 0:
            check(code == "S_OK", "the invitation is good in two days: %s" % code)
            group = guest.ask("group") if guest.code("group") == "S_OK" else host.ask("group")
            guest.ask("connect")
            event = guest.wait("failed")
            check(event == "failed PEER_E_INVALID_TIME_PERIOD", event)
            guest.quit()
            guest = world.start(label)
            guest.ask("open", identity, group)
        else:
            check(code == "PEER_E_INVALID_TIME_PERIOD", "an invitation from the future gives %s" % code)
            guest.quit()
            guest = world.start(label)
            guest.ask("join", identity, path)
        guest.ask("connect")
        guest.wait("record 1 " + name)
        check(guest.ask("get", name) == host.ask("get", name), "the record")
        guest.quit()
        host.quit()


def invitation_that_ended(world):
    host, guest = world.start("host"), world.start("guest", env={"PEERGROUP_TEST_CLOCK_OFFSET": "7200"})
    harness.found(host)
    identity, path = harness.invite(host, guest, "guest", seconds=3600)
    check(guest.code("join", identity, path) == "PEER_E_INVALID_TIME_PERIOD", "it has ended")
    check(guest.code("open", identity, host.ask("group")) == "E_INVALIDARG", "no trace is left")
    guest.quit()
    host.quit()


def damage(path, how):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        if how == "header":
            file.write(b"\xa5" * 512)
        elif how == "middle":
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        elif how == "half":
            file.truncate(size // 2 // 4096 * 4096 + 100)
        else:
            file.truncate(0)


def damaged_database(world):
    """Bytes of a database are changed or lost on disk: the call says so, the file is left for whoever repairs it, and
    the copy that was kept works again."""
    member = world.start("member")
    identity, group = harness.found(member)
    kept = {}
    for number in range(40):
        name = member.ask("add", 3000, number).split()[0]
        kept[name] = member.ask("get", name)
    member.quit()
    folder = os.path.join(member.home, "groups")
    paths = [os.path.join(folder, entry) for entry in os.listdir(folder) if entry.endswith(".db")]
    users = [os.path.join(member.home, entry) for entry in os.listdir(member.home) if entry.endswith(".db")]
    check(len(paths) == 1 and len(users) == 1, "databases: %s %s" % (paths, users))
    for path in paths + users:
        with open(path, "rb") as file:
            whole = file.read()
        for how in ("header", "middle", "half", "empty"):
            damage(path, how)
            member = world.start("member")
            code = member.code("open", identity, group)
            if code == "S_OK":  # what is read at opening was spared: whoever reads on is told
                codes = {member.code("get", name) for name in kept}
                check(codes <= {"S_OK", "PEER_E_INVALID_DATABASE", "PEER_E_INVALID_GROUP"}, str(codes))
            elif path in users and how == "empty":
                check(code == "E_INVALIDARG", "as a new one it knows no such group: %s" % code)
            else:
                check(code == "PEER_E_INVALID_DATABASE", "%s: %s" % (how, code))
            member.quit()
            check(os.path.exists(path), "the file is still there")
            for extra in ("-wal", "-shm"):
                if os.path.exists(path + extra):
                    os.remove(path + extra)
            with open(path, "wb") as file:
                file.write(whole)
    member = world.start("member")
    member.ask("open", identity, group)
    for name, value in kept.items():
        check(member.ask("get", name) == value, "the copy works again")
    member.quit()


harness.run(damaged_database, file_size_limit, full_disk, read_only_folder, wrong_clock, invitation_that_ended)
