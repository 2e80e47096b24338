"""Do separate processes admit by password: asked for at the terminal without echo, or from a file; wrong, then right;
through a member that may not admit itself; after the password was changed?"""
import os
import pty
import socket
import subprocess
import sys
import tempfile
import unittest

import test_command

COMMAND = test_command.COMMAND
RIGHT, OTHER = "Plinth-Vex-27-obelisk", "Quay-Obelisk-31-plinth"
REFUSED = 4


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Password(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name, text in (("right", RIGHT), ("other", OTHER), ("empty", "")):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text + "\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, who, *words):
        environment = {**os.environ, "PEERGROUP_HOME": self.path(who)}
        return subprocess.run([COMMAND, *words], capture_output=True, text=True, env=environment, timeout=60,
                              stdin=subprocess.DEVNULL, start_new_session=True, check=False)

    def good(self, who, *words):
        result = self.command(who, *words)
        self.assertEqual(result.returncode, 0, (words, result.stdout, result.stderr))
        return result.stdout

    def live(self, who, *words):
        live = test_command.Live(self.path(who), "run", *words)
        self.addCleanup(live.close)
        return live

    def found(self, role="member"):
        """Anna's group, its invitation made without an address."""
        self.good("anna", "identity", "create", "Anna")
        self.good("anna", "group", "create", "boats", "--password-role", role, "--password-file", self.path("right"))
        self.good("anna", "invite", "--password", "--output", self.path("invitation"))

    def joins(self, who, password="right"):
        if not os.path.exists(self.path(who)):
            self.good(who, "identity", "create", who)
        return self.good(who, "join", self.path("invitation"), "--password-file", self.path(password))

    def online(self, who, address=None):
        port = free_port()
        words = ["--listen", f"127.0.0.1:{port}"] + (["--connect", address] if address else [])
        live = self.live(who, *words)
        live.expect("listening")
        return live, f"127.0.0.1:{port}"

    def test_wrong_then_right(self):
        self.found()
        anna, address = self.online("anna")
        self.joins("boris", "other")
        boris = self.live("boris", "--connect", address)
        boris.expect("refused the password")
        boris.expect(r"did not accept the password.*\[PEER_E_NOT_AUTHORIZED\]")
        self.assertEqual(boris.process.wait(60), REFUSED)
        self.assertIn("before", self.joins("boris"))
        boris, _ = self.online("boris", address)
        anna.expect("boris")
        boris.tell('send Anna "ahoy"')
        anna.expect("ahoy")
        self.assertEqual(boris.quit(), 0)
        self.assertEqual(anna.quit(), 0)

    # [point 4.14] [point 4.15]
    def test_a_plain_member_refers(self):
        self.found()
        anna, address = self.online("anna")
        self.joins("boris")
        boris, through = self.online("boris", address)
        anna.expect("boris")
        self.joins("carla")
        carla, _ = self.online("carla", through)
        anna.expect("carla")
        for live in (carla, boris, anna):
            self.assertEqual(live.quit(), 0)

    def test_an_admitted_administrator_admits(self):
        self.found("admin")
        anna, address = self.online("anna")
        self.joins("boris")
        boris, through = self.online("boris", address)
        self.assertEqual(anna.quit(), 0)
        self.joins("carla")
        carla, _ = self.online("carla", through)
        boris.expect("carla")
        for live in (carla, boris):
            self.assertEqual(live.quit(), 0)

    # [point 3.17]
    def test_a_changed_password(self):
        self.found()
        self.good("anna", "group", "password", "--password-file", self.path("other"))
        anna, address = self.online("anna")
        self.joins("boris")
        boris = self.live("boris", "--connect", address)
        boris.expect("did not accept the password")
        self.assertEqual(boris.process.wait(60), REFUSED)
        self.joins("boris", "other")
        boris, _ = self.online("boris", address)
        for live in (boris, anna):
            self.assertEqual(live.quit(), 0)

    def test_the_terminal(self):
        self.found()
        self.good("boris", "identity", "create", "Boris")
        process, terminal = pty.fork()
        if process == 0:
            os.environ["PEERGROUP_HOME"] = self.path("boris")
            os.execv(COMMAND, [COMMAND, "join", self.path("invitation")])
        seen = b""
        while b"Password: " not in seen:
            seen += os.read(terminal, 1000)
        os.write(terminal, RIGHT.encode() + b"\n")
        try:
            while True:
                more = os.read(terminal, 1000)
                if not more:
                    break
                seen += more
        except OSError:
            pass
        _, status = os.waitpid(process, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen)
        self.assertNotIn(RIGHT.encode(), seen)
        anna, address = self.online("anna")
        boris, _ = self.online("boris", address)
        for live in (boris, anna):
            self.assertEqual(live.quit(), 0)

    def test_failures_in_one_line(self):
        self.found()
        self.good("boris", "identity", "create", "Boris")
        invitation = self.path("invitation")
        weak = self.path("weak")
        with open(weak, "w", encoding="utf-8") as file:
            file.write("abc\n")
        for code, name, who, words in (
                (2, None, "boris", ["join", invitation]),  # no terminal
                (2, None, "boris", ["join", invitation, "--password-file", self.path("empty")]),
                (3, None, "boris", ["join", invitation, "--password-file", self.path("none")]),
                (2, "PEER_E_PASSWORD_DOES_NOT_MEET_POLICY", "anna",
                 ["group", "create", "weak", "--password-role", "member", "--password-file", weak]),
                (2, None, "anna", ["group", "create", "odd", "--password-role", "king"]),
                (2, None, "anna", ["invite"]),
                (2, None, "anna", ["invite", "--password", "--role", "admin"])):
            with self.subTest(words=words):
                result = self.command(who, *words)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertRegex(result.stderr, r"\Apeergroup: [^\n]+\n\Z")
                if name:
                    self.assertIn(f"[{name}]", result.stderr)
        self.good("anna", "group", "create", "plain")
        result = self.command("anna", "invite", "--password", "--group", "plain")
        self.assertEqual(result.returncode, 2)
        self.assertIn("has no password", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
