"""Do the commands move an identity, a group and its records to another machine, and does each failure say what to do?
Two data folders; passwords from files, and from a terminal."""
import json
import os
import pty
import subprocess
import sys
import tempfile
import unittest

COMMAND = os.path.abspath(sys.argv.pop(1))


class Move(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.old, self.new = self.path("old"), self.path("new")
        self.write("password", "correct horse\nsecond line\n")
        self.write("wrong", "incorrect horse\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_command(self, home, *words):
        return subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False, timeout=120,
                              cwd=self.folder, env={**os.environ, "PEERGROUP_HOME": home}, start_new_session=True)

    def good(self, home, *words):
        result = self.run_command(home, *words)
        self.assertEqual(result.returncode, 0, (words, result.stdout, result.stderr))
        return result.stdout

    def bad(self, home, code, text, *words):
        result = self.run_command(home, *words)
        self.assertEqual(result.returncode, code, (words, result.stdout, result.stderr))
        self.assertRegex(result.stderr, r"\Apeergroup: [^\n]+\n\Z")
        self.assertIn(text, result.stderr)

    def found(self):
        self.good(self.old, "identity", "create", "Anna")
        self.good(self.old, "group", "create", "boats")
        self.good(self.old, "record", "add", "hello")

    def test_all_moves(self):
        self.found()
        secret = ("--password-file", "password")
        self.good(self.old, "identity", "export", "--output", "anna", *secret)
        self.good(self.old, "group", "export", "--output", "boats", *secret)
        self.good(self.old, "group", "backup", "records")
        for name in "anna", "boats", "records":
            self.assertEqual(os.stat(self.path(name)).st_mode & 0o77, 0)
        self.bad(self.new, 4, "whose identity is here", "group", "import", "boats", *secret)
        self.bad(self.new, 4, "password", "identity", "import", "anna", "--password-file", "wrong")
        self.good(self.new, "identity", "import", "anna", *secret)
        self.bad(self.new, 5, "PEER_E_ALREADY_EXISTS", "identity", "import", "anna", *secret)
        self.bad(self.new, 4, "password", "group", "import", "boats", "--password-file", "wrong")
        self.good(self.new, "group", "import", "boats", *secret)
        self.bad(self.new, 5, "--overwrite", "group", "import", "boats", *secret)
        self.good(self.new, "group", "restore", "records")
        self.good(self.new, "group", "import", "boats", "--overwrite", *secret)
        digests = [json.loads(self.good(home, "group", "digest", "--json")) for home in (self.old, self.new)]
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(digests[0]["records"], 1)

    def test_failures_say_what_to_do(self):
        self.found()
        self.bad(self.old, 2, "--output", "identity", "export")
        self.bad(self.old, 2, "--password-file", "identity", "export", "--output", "x")
        self.write("empty", "\n")
        self.bad(self.old, 2, "password is empty", "identity", "export", "--output", "x", "--password-file", "empty")
        self.bad(self.old, 3, "ERROR_PATH_NOT_FOUND", "group", "backup", "no/such/folder")
        self.bad(self.old, 3, "ERROR_FILE_NOT_FOUND", "group", "restore", "missing")
        self.bad(self.old, 4, "no backup", "group", "restore", "password")
        self.assertFalse(os.path.exists(self.path("x")))

    def test_a_terminal_is_asked_twice_and_shows_nothing(self):
        self.found()
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["PEERGROUP_HOME"] = self.old
            os.chdir(self.folder)
            os.execv(COMMAND, [COMMAND, "identity", "export", "--output", "asked"])
        seen = b""
        for prompt in b"Password: ", b"once more: ":
            while prompt not in seen:
                seen += os.read(terminal, 1000)
            os.write(terminal, b"correct horse\n")
        try:
            while True:
                seen += os.read(terminal, 1000)
        except OSError:
            pass # the other side has ended
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertNotIn(b"horse", seen)
        self.good(self.new, "identity", "import", "asked", "--password-file", "password")


unittest.main()
