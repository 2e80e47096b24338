"""Does removal work for people, with separate processes: a member that is connected, one that was away, the way back,
a deputy who goes on when the creator's machine is gone? The command is the only program; no test sleeps."""
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

COMMAND = sys.argv.pop(1)
LIMIT = 60


class Member:
    """One person: a data folder, an identity, and at times a running process."""

    def __init__(self, test, name):
        self.test, self.name = test, name
        self.home = os.path.join(test.folder, name)
        self.environment = {**os.environ, "PEERGROUP_HOME": self.home, "PEERGROUP_LISTEN": "127.0.0.1:0"}
        self.process = None
        self.good("identity", "create", name)

    def path(self, what):
        return os.path.join(self.test.folder, f"{self.name}.{what}")

    def call(self, *words):
        return subprocess.run([COMMAND, *words], capture_output=True, text=True, env=self.environment, timeout=LIMIT,
                              check=False)

    def good(self, *words):
        result = self.call(*words)
        self.test.assertEqual(result.returncode, 0, (self.name, words, result.stdout, result.stderr))
        return result.stdout

    def card(self):
        with open(self.path("card"), "w", encoding="utf-8") as file:
            file.write(self.good("identity", "card"))
        return self.path("card")

    def run(self):
        self.process = subprocess.Popen([COMMAND, "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=self.environment)
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self.read, args=(self.process, self.lines), daemon=True)
        self.reader.start()
        return self

    @staticmethod
    def read(process, lines):
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, pattern):
        while True:
            try:
                line = self.lines.get(timeout=LIMIT)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"{self.name}: no line like {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def ask(self, line, pattern):
        self.tell(line)
        return self.expect(pattern)

    def object(self, line):
        return json.loads(self.ask(line + " --json", r'^{"ok'))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.tell("quit")
            self.process.wait(LIMIT)
        self.end()

    def end(self):
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(LIMIT)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None


class Removal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.founder = self.member("Ada")
        self.founder.good("group", "create", "Club")
        self.founder.run().expect("listening")

    def member(self, name):
        member = Member(self, name)
        self.addCleanup(member.end)
        return member

    def invite(self, host, guest, role="member", command="invite"):
        invitation = guest.path("invitation")
        host.ask(f"{command} {guest.card()} --role {role} --output {invitation}", "Wrote the invitation")
        guest.good("join", invitation)

    def joined(self, name, role="member", host=None):
        member = self.member(name)
        self.invite(host or self.founder, member, role)
        member.run().expect("listening")
        (host or self.founder).expect(f"{name} (is here|joined)")
        return member

    def same(self, *members):
        """Waits until all print the same digest."""
        for _ in range(200):
            digests = {member.object("group digest")["digest"] for member in members}
            if len(digests) == 1:
                return
        self.fail(f"different digests: {digests}")

    def test_connected(self):
        boris = self.joined("Boris")
        carla = self.joined("Carla")
        boris.ask("record add a word that stays", "record|Added|Published")
        self.founder.expect("a word that stays")
        carla.expect("a word that stays")
        self.founder.ask("member remove Boris", "Removed Boris")
        carla.expect("was removed from the group")
        boris.expect("removed +removed from the group by the creator")
        self.assertIn("Boris", self.founder.ask("member removed", "^Boris"))
        boris.ask("member removed", "Boris was removed from the group by the creator")
        boris.ask("record add not any more", r"\[PEER_E_NOT_AUTHORIZED\]")
        self.assertEqual(carla.object("member removed")["self"], None)
        self.same(self.founder, carla, boris)

    def test_away_and_back(self):
        boris = self.joined("Boris")
        boris.ask("record add before", "record|Added|Published")
        self.founder.expect("before")
        boris.stop()
        self.founder.ask("member remove Boris", "Removed Boris")
        removal = json.loads(boris.good("member", "removed", "--json"))
        self.assertEqual(removal["self"], None)
        boris.run().expect("removed +removed from the group by the creator")
        self.assertEqual(boris.object("member removed")["self"]["by_group"], True)
        boris.stop()
        self.assertIn("by the creator", boris.good("member", "removed"))
        self.invite(self.founder, boris, command="member readmit")
        boris.run().expect("connected to Ada|with neighbours")
        boris.ask("record add after", "record|Added|Published")
        self.founder.expect("after")
        self.founder.ask("member removed", "^Boris +member again")
        self.same(self.founder, boris)

    def test_a_half_that_has_not_heard(self):
        boris, carla = self.joined("Boris"), self.joined("Carla")
        boris.ask("record add early", "record|Added|Published")
        self.founder.expect("early")
        carla.expect("early|Carla has new details")
        self.founder.stop()
        self.founder.good("member", "remove", "Boris")
        # The other half goes on: what the removed one writes there is taken, until they meet.
        boris.ask("record add late", "record|Added|Published")
        carla.expect("late")
        self.founder.run()
        carla.expect("was removed from the group")
        boris.expect("removed from the group by the creator")
        self.same(self.founder, carla, boris)
        self.assertEqual(self.founder.object("group digest")["records"], 1)

    def test_a_deputy_after_the_creator(self):
        deputy = self.joined("Dora")
        boris = self.joined("Boris", role="admin")
        boris.expect("Dora|Ada|neighbours")
        deputy.ask("group deputy Boris", r"only the creator of the group can \[PEER_E_NOT_AUTHORIZED\]")
        deputy.ask("member remove Ada", r"cannot remove Ada.*\[PEER_E_NOT_AUTHORIZED\]")
        self.founder.ask("group deputy Dora", "Dora is now a deputy")
        self.founder.ask("group deputy Dora", "Dora was already a deputy")
        deputy.expect("Ada|Dora has new details|joined")
        self.same(self.founder, deputy, boris)
        self.founder.end()  # and its disk with it
        shutil.rmtree(self.founder.home)
        for _ in range(200):
            if deputy.object("members")["members"][0]["role"] == "administrator":
                break
        self.assertTrue(deputy.object("member remove Boris --records")["ok"])
        boris.expect("removed.*removed from the group by Dora")
        carla = self.member("Carla")
        invitation = carla.path("invitation")
        self.assertTrue(deputy.object(f"invite {carla.card()} --output {invitation}")["ok"])
        carla.good("join", invitation)
        carla.run().expect("listening")
        self.assertEqual([one["by_name"] for one in carla.object("member removed")["removals"]], ["Dora"])
        self.same(deputy, carla)

    def test_words_for_what_fails(self):
        boris = self.joined("Boris")
        boris.expect("listening|Ada")
        boris.ask("member remove Ada", r"cannot remove Ada: .*ask the creator.*\[PEER_E_NOT_AUTHORIZED\]")
        self.founder.ask("member remove Ada", r"that is this member itself.*\[E_INVALIDARG\]")
        self.founder.ask("member remove Zoe", r'no member is called "Zoe".*\[PEER_E_IDENTITY_NOT_FOUND\]')
        self.founder.ask("group deputy Ada", r"who holds the group's key \[E_INVALIDARG\]")
        self.founder.ask(f"member readmit {boris.card()}", r"was not removed; .*\[PEER_E_NOT_FOUND\]")
        self.founder.ask("member removed", "Nobody was removed")


if __name__ == "__main__":
    unittest.main()
