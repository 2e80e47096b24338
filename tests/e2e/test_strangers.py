"""Can strangers at a member's port keep it from its work? While they come, two members exchange records with the usual
latency; afterwards memory and descriptors are back where they were."""
import base64
import hashlib
import hmac
import os
import selectors
import socket
import ssl
import subprocess
import threading
import time

import harness
from harness import check

SECONDS = 120 if harness.LONG else 20
CONNECTIONS = 1000
LABEL_SIZE = 32


class Exchange(threading.Thread):
    """Adds records on one member and measures when the other hears of them, until it is stopped."""

    def __init__(self, a, b):
        super().__init__(daemon=True)
        self.a, self.b, self.stop, self.waits, self.failure = a, b, threading.Event(), [], None

    def run(self):
        try:
            while not self.stop.is_set():
                place = self.b.mark()
                name, before, _ = self.a.ask("add", 200, len(self.waits)).split()
                event = self.b.wait("record 1 " + name, after=place, timeout=20)
                self.waits.append((int(event.split()[3]) - int(before)) / 1e6)
                self.stop.wait(0.02)
        except Exception as failure:  # reported by the main thread
            self.failure = failure

    def end(self):
        self.stop.set()
        self.join()
        if self.failure:
            raise self.failure
        self.waits.sort()
        return self.waits


def caller(port, number, block=True):
    """A connection from one of many loopback addresses, so that the limit per address does not help."""
    link = socket.socket()
    link.bind(("127.0.%d.%d" % (1 + number // 200 % 200, 1 + number % 200), 0))
    link.setblocking(block)
    if block:
        link.settimeout(15)
    link.connect_ex(("127.0.0.1", port))
    return link


def until_closed(link):
    """What came until the other side closed; the limit is the member's own for strangers and some."""
    received = b""
    try:
        while True:
            part = link.recv(4096)
            if not part:
                return received
            received += part
    except ConnectionError:
        return received
    finally:
        link.close()


def talk_nonsense(port):
    link = caller(port, 1)
    link.sendall(os.urandom(5000))
    check(until_closed(link) == b"", "random bytes get no answer")
    link = caller(port, 2)
    link.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check(until_closed(link) == b"", "HTTP gets no answer")


def server_name(group):
    """The name of docs/protocol.md 3 with which a caller means this group, and anybody of it."""
    def mac(key, message):
        return hmac.new(key, message, hashlib.sha256).digest()
    label = b"peergroup/2 sni".ljust(LABEL_SIZE, b"\0")
    key = mac(mac(bytes(32), group.encode()), label + b"\1")
    nonce, day = os.urandom(16), int(time.time()) // 86400
    name = nonce + mac(key, nonce + day.to_bytes(4, "big") + bytes(32))[:16]
    return base64.b32encode(name).decode().lower().rstrip("=")


def talk_tls(port, pem, number, name=None):
    """What came of a call: "no answer" to the ClientHello, or what was said of the certificate, or "taken"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["peergroup/2"])
    if pem:
        context.load_cert_chain(pem)
    link = caller(port, number)
    try:
        link = context.wrap_socket(link, server_hostname=name, do_handshake_on_connect=False)
        try:
            link.do_handshake()
        except (ssl.SSLEOFError, ConnectionError):
            return "no answer"
        # The caller's part ends with its certificate: now it is judged.
        check(link.recv(1) == b"", "a stranger hears something")
        return "taken"
    except ssl.SSLError as error:
        return error.reason
    finally:
        link.close()


def make_certificate(world):
    pem = world.path("stranger.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", pem, "-out", pem + ".crt",
                    "-subj", "/CN=stranger", "-days", "30"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(pem, "a") as out, open(pem + ".crt") as part:
        out.write(part.read())
    return pem


def crowd(port, seconds):
    """CONNECTIONS at a time: a third says nothing, a third a byte now and then, a third half a ClientHello; whoever is closed
    comes again."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200)
    selector = selectors.DefaultSelector()
    links, came, deadline = {}, 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        for number in range(CONNECTIONS):
            if number in links or came > 40 * CONNECTIONS:
                continue
            came += 1
            link = caller(port, came, block=False)
            links[number] = link
            selector.register(link, selectors.EVENT_READ, number)
        for number, link in links.items():
            try:
                if number % 3 == 1:
                    link.send(hello[:1])
                elif number % 3 == 2 and time.monotonic() < deadline - 1:
                    link.send(hello)
            except OSError:
                pass
        for key, _ in selector.select(0.2):
            try:
                gone = not key.fileobj.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                gone = True
            if gone:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                del links[key.data]
    for link in links.values():
        link.close()
    return came


def settled(member, descriptors, seconds=30):
    """Until the descriptors are as before; the member itself is asked meanwhile, so that this is no idle loop."""
    deadline = time.monotonic() + seconds
    while member.descriptors() > descriptors and time.monotonic() < deadline:
        member.ask("connections")
    return member.descriptors()


def strangers_at_the_port(world):
    a, b, other = world.start("a"), world.start("b"), world.start("other")
    _, group = harness.found(a)
    harness.join(a, b, "b")
    harness.found(other, "other")
    address = a.address()
    port = int(address.rsplit(":", 1)[1])
    a.ask("addmany", 50, 200)
    b.wait("record 1", count=50)
    memory, descriptors = a.memory(), a.descriptors()
    exchange = Exchange(a, b)
    exchange.start()
    while len(exchange.waits) < 50 and exchange.is_alive():
        exchange.stop.wait(0.05)
    quiet = sorted(exchange.waits)
    talk_nonsense(port)
    pem = make_certificate(world)
    # Whoever does not know the group's name is not answered, nor a name that was used, whatever else they show ...
    good = server_name(group)
    for number, name in enumerate((None, "localhost", "a" * 52, server_name(group + "x"))):
        check(talk_tls(port, pem, 3 + number, name) == "no answer", "the name %s is answered" % name)
    # ... and whoever does is answered, and refused for its certificate.
    for number, (shown, name, reason) in enumerate(((pem, good, "BAD_CERTIFICATE"), (pem, good, "no answer"),
                                                    (None, server_name(group), "CERTIFICATE_REQUIRED"))):
        came = talk_tls(port, shown, 7 + number, name)
        check(came.endswith(reason), "%s instead of %s" % (came, reason))
    # A member of another group who has the address.
    place = other.mark()
    other.ask("connect", address)
    check(other.ask("connections") == "0", "another group's member is no neighbour")
    before = len(exchange.waits)
    came = crowd(port, SECONDS)
    loud = sorted(exchange.waits[before:]) or [0]
    everything = exchange.end()
    check(not any(event.startswith("neighbour 1") for event in other.events[place:]), "another group's member stays out")
    check(settled(a, descriptors) <= descriptors, "descriptors: %d before, %d after" % (descriptors, a.descriptors()))
    grown = a.memory() - memory
    print("%d strangers; %d records; a record's latency alone: median %.1f ms; in the crowd: median %.1f, 99th %.1f, "
          "worst %.1f ms; memory +%d KiB" % (came, len(everything), quiet[len(quiet) // 2], loud[len(loud) // 2],
                                             loud[len(loud) * 99 // 100], loud[-1], grown), flush=True)
    check(len(loud) > SECONDS * 5, "only %d records passed" % len(loud))
    check(loud[len(loud) * 99 // 100] < 1000, "a record took %.0f ms" % loud[-1])
    harness.check_memory(grown, 8 * 1024, "memory")
    # A new member still gets in.
    late = world.start("late")
    harness.join(a, late, "late")
    late.quit()
    b.quit()
    a.quit()
    other.quit()


harness.run(strangers_at_the_port)
