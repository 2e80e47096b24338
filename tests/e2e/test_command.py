"""Does the command do what its manual says, for people and with --json, and does each failure end in one line that
names the cause and the code, with the exit code of its class? Each test has data folders of its own; the connected ones
run two processes on loopback and wait for lines, with a limit."""
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

COMMAND = sys.argv.pop(1)
LIMIT = 30


class Live:
    """A connected process: lines go in, lines come out."""

    def __init__(self, home, *words):
        environment = {**os.environ, "PEERGROUP_HOME": home, "PEERGROUP_LISTEN": "127.0.0.1:0"}
        self.process = subprocess.Popen([COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=environment)
        self.lines, self.seen = queue.Queue(), []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

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
                raise AssertionError(f"no line like {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def object(self, **wanted):
        """The next object that has these members."""
        while True:
            value = json.loads(self.expect(".*").group())
            if all(value.get(name) == wish for name, wish in wanted.items()):
                return value

    def quit(self, line="quit"):
        self.tell(line)
        code = self.process.wait(LIMIT)
        self.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.thread.join(LIMIT)
        self.process.stdin.close()
        self.process.stdout.close()


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.home = os.path.join(self.folder, "home")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_command(self, *words, home=None, data=None):
        environment = {**os.environ, "PEERGROUP_HOME": home or self.home}
        return subprocess.run([COMMAND, *words], capture_output=True, text=True, env=environment, timeout=LIMIT,
                              input=data, check=False)

    def good(self, *words, **more):
        result = self.run_command(*words, **more)
        self.assertEqual(result.returncode, 0, (words, result.stdout, result.stderr))
        self.assertEqual(result.stderr, "")
        return result.stdout

    def json(self, *words, **more):
        value = json.loads(self.good(*words, "--json", **more))
        self.assertTrue(value["ok"])
        return value

    def bad(self, code, name, *words, **more):
        """Fails with this exit code, one line with this name; and the same in JSON."""
        result = self.run_command(*words, **more)
        self.assertEqual(result.returncode, code, (words, result.stdout, result.stderr))
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Apeergroup: [^\n]+\n\Z")
        if name:
            self.assertIn(f"[{name}]", result.stderr)
        value = self.run_command(*words, "--json", **more)
        self.assertEqual(value.returncode, code)
        value = json.loads(value.stdout)
        self.assertFalse(value["ok"])
        self.assertEqual(value["error"]["exit"], code)
        self.assertEqual(value["error"].get("name"), name)
        return result.stderr

    def live(self, home, *words):
        live = Live(home, *words)
        self.addCleanup(live.close)
        return live

    def found(self):
        """Anna and her group."""
        self.good("identity", "create", "Anna")
        self.good("group", "create", "boats")

    # ---- without a network ----

    def test_help_and_version(self):
        self.assertRegex(self.good("--version"), r"^peergroup \d+\.\d+\.\d+$")
        overview = self.good("--help")
        for words in re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", overview, flags=re.M):
            self.assertIn(f"usage: peergroup {words}", self.good(*words.split(), "--help"))
        self.assertIn("record search", overview)

    def test_wrong_command_lines(self):
        for words in ([], ["nothing"], ["identity"], ["identity", "fly"], ["identity", "create"], ["group", "--list"],
                      ["identity", "list", "too", "much"], ["members", "--group"], ["send", "Anna", "hi"],
                      ["identity", "list", "--json=1"]):
            with self.subTest(words=words):
                self.assertEqual(self.run_command(*words).returncode, 2)

    def test_identities(self):
        self.assertEqual(self.json("identity", "list")["identities"], [])
        self.bad(3, "PEER_E_NOT_FOUND", "identity", "show")
        made = self.json("identity", "create", "Anna Ä", "--classifier", "desk")["identity"]
        self.assertRegex(made["peer_name"], r"^[0-9a-f]{40}\.desk$")
        self.assertEqual(self.json("identity", "list")["identities"], [made])
        self.assertEqual(self.json("identity", "show", made["peer_name"][:6])["identity"], made)
        self.assertIn("Anna Ä", self.good("identity", "show"))
        self.bad(3, "PEER_E_NOT_FOUND", "identity", "show", "Boris")
        self.good("identity", "rename", "Anna Ä", "Anne")
        self.good("identity", "card", "--output", self.path("card"))
        with open(self.path("card"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.json("identity", "card", "Anne")["xml"])
        self.good("identity", "create", "Boris")
        self.assertIn("--identity", self.bad(2, None, "identity", "show"))
        self.good("identity", "delete", "Anne")
        self.good("identity", "delete", "Boris")
        self.bad(3, "PEER_E_NOT_FOUND", "identity", "delete", "Boris")

    def test_home_option_and_access(self):
        self.good("identity", "create", "Anna", "--home", self.path("other"))
        self.assertEqual(self.json("identity", "list")["identities"], [])
        self.assertEqual(len(self.json("--home", self.path("other"), "identity", "list")["identities"]), 1)
        os.chmod(self.path("other"), 0o755)
        self.bad(4, "PEER_E_NO_KEY_ACCESS", "identity", "list", home=self.path("other"))

    def test_groups(self):
        self.bad(3, "PEER_E_NOT_FOUND", "group", "create", "boats")
        self.good("identity", "create", "Anna")
        self.assertEqual(self.json("group", "list")["groups"], [])
        self.bad(3, "PEER_E_NOT_FOUND", "members")
        made = self.json("group", "create", "boats", "--comment", "all afloat")["group"]
        listed = self.json("group", "list")["groups"]
        self.assertEqual([(one["name"], one["peer_name"]) for one in listed], [("boats", made["peer_name"])])
        self.assertEqual(self.json("group", "show", "boats")["group"]["comment"], "all afloat")
        self.bad(3, "PEER_E_NOT_FOUND", "group", "show", "cars")
        self.bad(5, "PEER_E_GROUPS_EXIST", "identity", "delete", "Anna")
        self.good("group", "create", "cars")
        self.assertIn("--group", self.bad(2, None, "members"))
        self.assertEqual(self.json("members", "--group", "cars")["members"][0]["role"], "administrator")
        self.bad(2, "PEER_E_INVALID_GROUP_PROPERTIES", "group", "create", "x" * 256)
        self.good("group", "delete", "boats")
        self.good("group", "delete", "cars")
        self.bad(3, "PEER_E_NOT_FOUND", "group", "delete", "cars")

    def test_records(self):
        self.found()
        self.assertEqual(self.json("record", "list")["records"], [])
        empty = self.json("group", "digest")
        self.assertEqual(empty["records"], 0)
        one = self.json("record", "add", "one", "two", "--attribute", "color=red & <b>", "--attribute", "n:int=5",
                        "--expires", "2d")
        self.assertEqual(one["version"], 1)
        self.assertEqual(self.good("record", "get", one["id"][:8]), "one two")
        with open(self.path("data"), "wb") as file:
            file.write(bytes(range(256)) * 300)
        two = self.json("record", "add", "--file", self.path("data"))
        three = self.json("record", "add", data="from standard input")
        self.assertEqual(self.json("record", "get", three["id"])["record"]["text"], "from standard input")
        self.good("record", "get", two["id"], "--output", self.path("copy"))
        with open(self.path("data"), "rb") as first, open(self.path("copy"), "rb") as second:
            self.assertEqual(first.read(), second.read())
        self.assertTrue(self.json("record", "get", two["id"])["record"]["base64"].startswith("AAECAw"))
        listed = {record["id"]: record for record in self.json("record", "list")["records"]}
        self.assertEqual(set(listed), {one["id"], two["id"], three["id"]})
        self.assertEqual(listed[one["id"]]["attributes"],
                         [{"name": "color", "type": "string", "value": "red & <b>"},
                          {"name": "n", "type": "int", "value": "5"}])
        self.assertEqual(listed[two["id"]]["attributes"][0]["value"], "data")
        before = self.json("group", "digest")["digest"]
        self.assertEqual(self.json("record", "update", one["id"], "changed")["version"], 2)
        self.assertNotEqual(before, self.json("group", "digest")["digest"])
        self.assertIn("color = red & <b>", self.good("record", "get", one["id"], "--details"))
        self.good("record", "delete", two["id"])
        self.bad(3, "PEER_E_RECORD_NOT_FOUND", "record", "get", two["id"])
        self.bad(3, "PEER_E_RECORD_NOT_FOUND", "record", "get", "zz")
        self.assertEqual(self.json("status")["records"], 2)

    def test_bad_records(self):
        self.found()
        record = self.json("record", "add", "text")["id"]
        self.bad(2, None, "record", "add", "x", "--expires", "soon")
        self.bad(2, None, "record", "add", "x", "--expires", "2001-01-01")
        self.bad(2, None, "record", "add", "x", "--attribute", "noequals")
        self.bad(2, "PEER_E_INVALID_ATTRIBUTES", "record", "add", "x", "--attribute", "bad name=1")
        self.bad(2, "PEER_E_INVALID_ATTRIBUTES", "record", "add", "x", "--attribute", "n:int=five")
        self.bad(2, None, "record", "add", "x", "--type", "odd")
        self.bad(2, None, "record", "add", "x", "--file", self.path("missing"))
        self.bad(3, "ERROR_FILE_NOT_FOUND", "record", "add", "--file", self.path("missing"))
        self.bad(2, None, "record", "update", record)
        self.bad(2, None, "record", "update", record, "x", "--expires", "1d")

    def test_searches(self):
        self.found()
        for name, size in (("tea", 3), ("coffee", 7), ("cocoa", 9)):
            self.good("record", "add", name, "--attribute", f"drink={name}", "--attribute", f"n:int={size}")

        def search(*words):
            found = self.json("record", "search", *words)["records"]
            return sorted(record["attributes"][0]["value"] for record in found)

        self.assertEqual(search("drink=tea"), ["tea"])
        self.assertEqual(search("drink=co*"), ["cocoa", "coffee"])
        self.assertEqual(search("n:int>=7", "drink!=cocoa"), ["coffee"])
        self.assertEqual(search("creator=Anna", "n:int<4"), ["tea"])
        self.assertEqual(search("created>2001-01-01", "type=note", "drink=t?a"), ["tea"])
        self.assertEqual(search("creator=Boris"), [])
        xml = '<peersearch><clause attrib="drink" type="string" compare="equal">tea</clause></peersearch>'
        self.assertEqual(search("--query", xml), ["tea"])
        self.bad(2, "PEER_E_INVALID_SEARCH", "record", "search", "--query", "<odd/>")
        self.bad(2, "E_INVALIDARG", "record", "search", "drink=\\t")
        self.bad(2, None, "record", "search", "=x")
        self.bad(2, None, "record", "search")

    def test_invitations(self):
        self.found()
        other = self.path("other")
        self.good("identity", "create", "Boris", home=other)
        card = self.good("identity", "card", home=other)
        self.bad(3, "ERROR_FILE_NOT_FOUND", "invite", self.path("missing"))
        self.bad(2, "E_INVALIDARG", "invite", "-", data="<no card>")
        self.bad(2, None, "invite", "-", "--role", "king", data=card)
        text = self.good("invite", "-", "--role", "inviting", "--expires", "30d", data=card)
        longest = max(re.findall(r"[A-Za-z0-9+/=]{40,}", text), key=len)
        middle = longest[:99] + ("A" if longest[99] != "A" else "B") + longest[100:]
        changed = text.replace(longest, middle)
        answer = self.json("invite", "-", "--output", self.path("inv"), data=card)
        self.assertFalse(answer["names_address"])
        self.bad(4, "PEER_E_INVITATION_NOT_TRUSTED", "join", "-", data=changed, home=other)
        self.bad(4, "PEER_E_INVITATION_NOT_TRUSTED", "join", "-", data="nothing", home=other)
        self.bad(4, "PEER_E_INVITATION_NOT_TRUSTED", "join", "-", data=text)
        joined = self.json("join", "-", data=text, home=other)
        self.assertEqual((joined["group"]["name"], joined["invited_by"]), ("boats", "Anna"))
        member = self.json("members", home=other)["members"][0]
        self.assertEqual(member["role"], "inviting member")
        self.bad(5, "PEER_E_GROUP_NOT_READY", "record", "add", "early", home=other)

    # ---- connected ----

    def pair(self):
        """Anna runs; Boris is invited by her while she does. Returns both, connected."""
        self.found()
        other = self.path("other")
        self.good("identity", "create", "Boris", home=other)
        self.good("identity", "card", "--output", self.path("card"), home=other)
        anna = self.live(self.home, "run")
        anna.expect(r"status +listening")
        anna.tell(f"invite '{self.path('card')}' --output '{self.path('inv')}'")
        anna.expect("only the invited one")
        self.good("join", self.path("inv"), home=other)
        boris = self.live(other, "run", "--json")
        boris.object(event="status", listening=True, connected=True)
        anna.expect("Boris is here")
        return anna, boris

    def test_two_run(self):
        anna, boris = self.pair()
        anna.tell('record add "hello there" --attribute a=1')
        identifier = anna.expect(r"^Added ([0-9a-f-]+), version 1").group(1)
        event = boris.object(event="record", id=identifier)
        self.assertEqual((event["change"], event["by"], event["record"]["size"]), ("added", "Anna", 11))
        boris.tell(f"record update {identifier} mine")
        error = boris.object(ok=False, command="record update")["error"]
        self.assertEqual((error["name"], error["exit"]), ("PEER_E_NOT_AUTHORIZED", 4))
        boris.tell("send Anna 'a word'")
        boris.object(ok=True, command="send")
        anna.expect("message +from Boris: a word")
        anna.tell("send nobody x")
        anna.expect(r"^error: .*\[PEER_E_IDENTITY_NOT_FOUND\]")
        boris.tell("status")
        state = boris.object(ok=True, command="status")
        self.assertEqual((state["members"], state["present"], state["records"]), (2, 2, 1))
        self.assertRegex(state["addresses"][0], r"^127\.0\.0\.1:\d+$")
        anna.tell("group digest")
        self.assertEqual(anna.expect("^([0-9a-f]{64})").group(1), state["digest"])
        anna.tell("join x")
        anna.expect("^error: join does not work while connected")
        anna.tell('record add "open')
        anna.expect("^error: a quote is not closed")
        self.assertEqual(boris.quit(), 0)
        anna.expect("neighbour +disconnected from Boris")
        self.assertEqual(anna.quit(), 0)

    def test_credentials(self):
        anna, boris = self.pair()
        boris.tell("record add note")
        identifier = boris.object(ok=True, command="record add")["id"]
        anna.expect(identifier[:8])
        boris.tell("member issue Anna")
        error = boris.object(ok=False, command="member issue")["error"]
        self.assertEqual((error["name"], error["exit"]), ("PEER_E_NOT_AUTHORIZED", 4))
        anna.tell("member issue Boris --role admin --store")
        anna.expect("The group has the new certificate of Boris")
        boris.object(event="member", name="Boris")
        boris.tell("member issue Anna")
        error = boris.object(ok=False, command="member issue")["error"]
        self.assertEqual(error["name"], "PEER_E_NOT_AUTHORIZED")
        self.assertEqual(boris.quit(), 0)
        other = self.path("other")
        self.assertEqual(self.json("members", home=other)["members"][0]["role"], "administrator")
        again = self.live(other, "run", "--json")
        again.object(event="status", listening=True, connected=True)
        again.tell("member issue Anna")
        error = again.object(ok=False, command="member issue")["error"]
        self.assertEqual(error["name"], "E_INVALIDARG")
        again.tell(f"record update {identifier} mine")
        again.object(ok=True, command="record update")
        anna.tell("member issue Boris --expires 30d")
        anna.expect("<PEERINVITATION")
        anna.tell(f"member issue Boris --output '{self.path('renewed')}'")
        anna.expect("only Boris can use it")
        anna.tell("member issue Anna")
        anna.expect(r"^error: .*\[E_INVALIDARG\]")
        anna.tell("member issue nobody")
        anna.expect(r"^error: .*\[PEER_E_IDENTITY_NOT_FOUND\]")
        self.assertEqual(again.quit(), 0)
        self.assertEqual(anna.quit(), 0)
        answer = self.json("join", self.path("renewed"), home=other)
        self.assertEqual(answer["invited_by"], "Anna")
        self.bad(2, None, "member", "issue", "Boris", "--role", "king")
        self.bad(2, None, "member", "issue", "Boris", "--expires", "soon")
        answer = self.json("member", "issue", "Boris", "--store")
        self.assertEqual((answer["name"], answer["stored"], answer["invitation"]), ("Boris", True, None))

    def test_the_holder_is_named(self):
        self.found()
        anna = self.live(self.home, "run")
        anna.expect("status +listening")
        line = self.bad(5, "PEER_E_GROUP_IN_USE", "record", "list")
        self.assertIn(f"process {anna.process.pid}", line)
        self.assertIn(str(anna.process.pid), self.bad(5, "PEER_E_GROUP_IN_USE", "group", "delete", "boats"))
        self.assertEqual(self.json("status")["held_by"], anna.process.pid)
        anna.process.send_signal(signal.SIGTERM)
        self.assertEqual(anna.process.wait(LIMIT), 0)
        self.assertNotIn("held_by", self.json("status"))

    def test_nobody_answers(self):
        self.found()
        other = self.path("other")
        self.good("identity", "create", "Boris", home=other)
        self.good("join", "-", data=self.good("invite", "-", data=self.good("identity", "card", home=other)),
                  home=other)
        boris = self.live(other, "run", "--json")
        event = boris.object(event="offline")
        self.assertEqual(event["reason"], "PEER_E_NO_MEMBERS_FOUND")
        self.assertEqual(boris.quit(), 0)
        self.assertEqual(self.run_command("run", "--connect", "127.0.0.1:none", home=other).returncode, 2)

    def test_it_cannot_listen(self):
        self.found()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for address in ("nonsense", "127.0.0.1:99999", f"127.0.0.1:{taken.getsockname()[1]}"):
                for command in ("run", "chat"):
                    with self.subTest(address=address, command=command):
                        result = self.run_command(command, "--listen", address)
                        self.assertEqual(result.returncode, 6, result.stderr)
                        self.assertRegex(result.stderr, r"\Apeergroup: .*\[PEER_E_UNABLE_TO_LISTEN\]\n\Z")

    def test_json_is_for_one_line(self):
        self.found()
        anna = self.live(self.home, "run")
        anna.expect("status +listening")
        anna.tell("members --json")
        anna.object(ok=True, command="members")
        anna.tell("nonsense")
        anna.expect("^error: there is no command")
        self.assertEqual(anna.quit(), 0)

    def test_files(self):
        self.found()
        self.bad(3, "ERROR_FILE_NOT_FOUND", "invite", self.path("none"))
        self.bad(3, "ERROR_PATH_NOT_FOUND", "invite", f"{sys.executable}/none")
        self.bad(2, "ERROR_DIRECTORY", "invite", self.folder)
        self.bad(2, "ERROR_FILENAME_EXCED_RANGE", "group", "backup", self.path("x" * 300))
        self.bad(7, "PEER_E_DISK_FULL", "identity", "card", "--output", "/dev/full")

    def test_chat(self):
        anna, boris = self.pair()
        self.assertEqual(anna.quit(), 0)
        self.assertEqual(boris.quit(), 0)
        anna = self.live(self.home, "chat")
        anna.expect("^Anna in boats")
        anna.tell("/status")
        address = anna.expect(r"listening at (\S+),").group(1)
        boris = self.live(self.path("other"), "chat", "--json", "--connect", address)
        anna.tell("good morning")
        said = boris.object(event="chat")
        self.assertEqual((said["from"], said["text"]), ("Anna", "good morning"))
        boris.tell("and to you")
        anna.expect("Boris: and to you")
        anna.tell("/members")
        anna.expect("^Boris +member")
        self.assertEqual(boris.quit("/quit"), 0)
        self.assertEqual(anna.quit("/quit"), 0)
        again = self.live(self.home, "chat")
        again.expect("Anna: good morning")
        self.assertEqual(again.quit("/quit"), 0)


if __name__ == "__main__":
    unittest.main()
