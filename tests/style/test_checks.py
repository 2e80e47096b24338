"""Does each checker in tools/ pass on what is right and fail on what is wrong? Every case builds a small tree in a
temporary folder, so that the checkers are tested apart from the project's own state."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_tool(self, tool, *arguments, **environment):
        path = os.path.join(ROOT, "tools", tool)
        with open(path, encoding="utf-8") as file:
            interpreter = [sys.executable] if "python" in file.readline() else ["bash"]
        result = subprocess.run(interpreter + [path, *arguments], capture_output=True, text=True,
                                env={**os.environ, **environment})
        return result.returncode, result.stdout + result.stderr


class Layers(Tree):
    def check(self, name, text):
        self.write(name, text)
        return self.run_tool("check-layers", self.root)

    def assert_good(self, name, text):
        code, output = self.check(name, text)
        self.assertEqual(code, 0, output)
        return output

    def assert_bad(self, name, text, words):
        code, output = self.check(name, text)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_includes_downwards_are_good(self):
        self.assert_good("src/graph/a.c", '#include <stdint.h>\n#include "base/hash.h"\n#include "graph/a.h"\n')

    def test_an_include_upwards(self):
        self.assert_bad("src/graph/a.c", '#include "engine/loop.h"\n', "points up")

    def test_the_store_does_not_know_records(self):
        self.assert_bad("src/store/a.c", '#include "record/record.h"\n', "points up")

    def test_an_include_of_a_neighbouring_file(self):
        self.assert_bad("src/graph/a.c", '#include "a.h"\n', "not written from src/")

    def test_the_command_uses_public_headers(self):
        self.assert_good("src/cli/a.c", '#include <p2p.h>\n#include <peergroup/platform.h>\n#include "cli/a.h"\n')
        self.assert_bad("src/cli/b.c", '#include "base/hash.h"\n', "private")

    def test_the_command_uses_no_library_of_the_layers_below(self):
        self.assert_good("src/cli/a.c", "#include <jansson.h>\n#include <openssl/evp.h>\n")
        for header in ("openssl/ssl.h", "sqlite3.h", "sodium.h", "uv.h", "libxml/tree.h"):
            self.assert_bad("src/cli/b.c", f"#include <{header}>\n", "below")

    def test_a_clock_or_socket_in_a_pure_layer(self):
        for header in ("time.h", "uv.h", "sys/socket.h", "openssl/ssl.h", "sqlite3.h", "pthread.h", "unistd.h",
                       "netinet/in.h", "sys/time.h"):
            self.assert_bad("src/graph/a.c", f"#include <{header}>\n", "pure")
            self.assert_good("src/graph/a.c", "\n")
        self.assert_good("src/engine/a.c", "#include <uv.h>\n")

    def test_sodium_in_the_graph(self):
        self.assert_bad("src/graph/a.c", "#include <sodium.h>\n", "base/hash.h")

    def test_sodium_in_the_base(self):
        self.assert_good("src/base/a.c", "#include <sodium.h>\n")

    def test_a_folder_that_is_no_layer(self):
        self.assert_bad("src/util/a.c", "\n", "no layer")

    def test_a_wide_line(self):
        self.assert_good("src/base/a.c", "/*" + "x" * 96 + "*/\n")
        self.assert_bad("src/base/a.c", "/*" + "x" * 97 + "*/\n", "101 columns")

    def test_a_long_file(self):
        self.assert_good("src/base/a.c", "\n" * 1000)
        self.assert_bad("src/base/a.c", "\n" * 1001, "1001 lines")

    def function(self, lines):
        return "int a(void)\n{\n" + "    a();\n" * (lines - 3) + "}\n"

    def test_a_long_function(self):
        self.assertNotIn("long:", self.assert_good("src/base/a.c", self.function(70)))
        self.assertIn("a has 71 lines", self.assert_good("src/base/a.c", self.function(71)))
        self.assert_good("src/base/a.c", self.function(120))
        self.assert_bad("src/base/a.c", self.function(121), "a has 121 lines")

    def test_an_empty_tree(self):
        self.assertEqual(self.run_tool("check-layers", self.root)[0], 1)


class Format(Tree):
    def setUp(self):
        super().setUp()
        if not shutil.which("clang-format"):
            self.skipTest("no clang-format")
        shutil.copy(os.path.join(ROOT, ".clang-format"), self.root)

    def test_a_file_in_the_house_format(self):
        self.write("a.c", "int a;\n")
        code, output = self.run_tool("check-format", self.root)
        self.assertEqual(code, 0, output)

    def test_a_file_in_another(self):
        self.write("a.c", "int  a ;\n")
        self.assertNotEqual(self.run_tool("check-format", self.root)[0], 0)

    def test_a_build_folder_is_left_out(self):
        self.write("a.c", "int a;\n")
        self.write("build/meson-private/check.c", "int  a ;\n")
        code, output = self.run_tool("check-format", self.root)
        self.assertEqual(code, 0, output)

    def test_no_clang_format_is_a_skip(self):
        self.assertEqual(self.run_tool("check-format", self.root, CLANG_FORMAT="no-such-format")[0], 77)


class ContractCopy(Tree):
    NAMES = ("constants.tsv", "functions.tsv", "returns.tsv", "structs.txt", "semantics.md", "rulings.md")

    def fill(self, folder):
        for name in self.NAMES:
            self.write(f"{folder}/{name}", name + "\n")
        return os.path.join(self.root, folder)

    def test_equal_and_different_copies(self):
        copy, original = self.fill("copy"), self.fill("original")
        self.assertEqual(self.run_tool("check-contract-copy", copy, original)[0], 0)
        self.write("copy/structs.txt", "another\n")
        self.assertEqual(self.run_tool("check-contract-copy", copy, original)[0], 1)

    def test_no_original_is_a_skip(self):
        self.assertEqual(self.run_tool("check-contract-copy", self.fill("copy"), self.root + "/none")[0], 77)


class Symbols(Tree):
    HEADER = ("#include <string.h>\n"
              "#define API __attribute__((visibility(\"default\")))\n"
              "typedef struct guid { int a; } GUID;\n"
              "typedef int (*callback)(int);\n"
              "API int PeerOne(int a,\n    int b);\n"
              "static inline int helper(void)\n{\n    return 1;\n}\n"
              "API extern int PeerTwo(callback c);\n"
              "extern const GUID PEER_ROLE;\n")
    SOURCE = "#include <p2p.h>\nint PeerOne(int a, int b) { return a + b; }\n" \
             "int PeerTwo(callback c) { return c(1); }\nconst GUID PEER_ROLE = { 1 };\n"

    def setUp(self):
        super().setUp()
        if not shutil.which("cc") or not shutil.which("nm"):
            self.skipTest("no compiler")
        self.write("include/peergroup/platform.h", "")
        self.write("include/peergroup/extensions.h", "")
        self.write("include/peergroup/compat/pnrpns.h", "")
        self.write("include/peergroup/extensions.h", "")

    def check(self, header, source):
        self.write("include/p2p.h", header)
        path = self.write("a.c", source)
        library = os.path.join(self.root, "a.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-I", self.root + "/include", "-o", library, path], check=True)
        return self.run_tool("check-symbols", library, self.root + "/include")

    def test_all_declared_and_exported(self):
        code, output = self.check(self.HEADER, self.SOURCE)
        self.assertEqual(code, 0, output)
        self.assertIn("3 names declared, 3 exported", output)

    def test_an_extension_counts_as_declared(self):
        self.write("include/peergroup/extensions.h", "int PeerThree(void);\n")
        code, output = self.check(self.HEADER, self.SOURCE)
        self.assertEqual(code, 1, output)
        self.assertIn("declared and not exported: PeerThree", output)
        code, output = self.check(self.HEADER, self.SOURCE + "int PeerThree(void) { return 3; }\n")
        self.assertEqual(code, 0, output)

    def test_an_export_without_declaration(self):
        code, output = self.check(self.HEADER, self.SOURCE + "int PeerThree(void) { return 1; }\n")
        self.assertEqual(code, 1)
        self.assertIn("exported and not declared: PeerThree", output)

    def test_a_declaration_without_export(self):
        code, output = self.check(self.HEADER + "API int PeerThree(void);\n", self.SOURCE)
        self.assertEqual(code, 1)
        self.assertIn("declared and not exported: PeerThree", output)


class Coverage(Tree):
    FUNCTIONS = "group\tdll\tfunction\tsignature\tpurpose\tmin_windows\n" \
                "Grouping\tP2P.dll\tPeerOne\t-\t-\tXP\nIdentity\tP2P.dll\tPeerTwo\t-\t-\tXP\n" \
                "Grouping\tP2P.dll\tPeerLater\t-\t-\tXP\nGraphing\tP2P.dll\tPeerElse\t-\t-\tXP\n" \
                "Collaboration\tP2P.dll\tPeerOther\t-\t-\tXP\n"
    RETURNS = "function\tcode\tcondition\nPeerOne\tE_INVALIDARG\tbad\nPeerOne\tE_OUTOFMEMORY\tno memory\n" \
              "PeerOne\tfamily:CRYPT_*\tkeys\nPeerTwo\tfamily:CRYPT_*\tkeys\nPeerTwo\t(none)\tnothing\n" \
              "PeerOther\tE_FAIL\tout of scope\n"
    NOTIMPL = "NOT_BUILT(PeerLater,\n  (int *p), CLEAR(p))\nNOT_BUILT_VOID(PeerElse, (void))\n"
    COVERED = 'CONTRACT("PeerOne", "S_OK");\nCONTRACT("PeerOne",\n  "E_INVALIDARG");\nCONTRACT_OOM("PeerOne");\n' \
              'CONTRACT("PeerOne", "family:CRYPT_*");\nCONTRACT("PeerTwo", "S_OK");\n'
    FAMILY = "| function | code | reason |\n|---|---|---|\n| `family:CRYPT_*` | all | one case stands for all |\n"

    SWEPT = 'const struct oom_case cases[] = {\n    {"PeerOne", OOM_OPEN, NULL, call},\n' \
            '    {"PeerTwo again", OOM_OPEN,\n     NULL, call},\n    {"PeerLater", OOM_OPEN, NULL, call},\n    {0},\n};\n'

    def setUp(self):
        super().setUp()
        self.write("tests/oom/cases_a.c", self.SWEPT)
        self.write("contract/functions.tsv", self.FUNCTIONS)
        self.write("contract/returns.tsv", self.RETURNS)
        self.write("src/api/notimpl.c", self.NOTIMPL)

    def coverage(self, marks, deviations="", *arguments):
        self.write("tests/contract/test_a.c", marks)
        self.write("docs/deviations.md", deviations)
        return self.run_tool("contract-coverage", "--root", self.root, *arguments)

    def test_uncovered_rows_are_listed_and_fail(self):
        code, output = self.coverage('CONTRACT("PeerOne", "S_OK");\n')
        self.assertEqual(code, 1)
        self.assertIn("PeerOne\tE_INVALIDARG\tbad\n", output)
        self.assertIn("PeerTwo\tS_OK\t", output)
        self.assertIn("PeerOne: 2 of 4 rows", output)
        self.assertNotIn("PeerOther", output)

    def test_what_is_not_built_is_not_asked_for(self):
        code, output = self.coverage(self.COVERED, self.FAMILY)
        self.assertEqual(code, 0, output)
        self.assertNotIn("PeerLater", output)
        code, output = self.coverage(self.COVERED, self.FAMILY, "--all")
        self.assertEqual(code, 0, output)
        self.assertIn("PeerLater\tS_OK", output)
        self.write("src/api/notimpl.c", "NOT_BUILT_VOID(PeerElse, (void))\n")
        code, output = self.coverage(self.COVERED, self.FAMILY)
        self.assertEqual(code, 1, output)
        self.assertIn("PeerLater\tS_OK", output)

    def test_other_groups_are_not_asked_for(self):
        self.write("src/api/notimpl.c", "NOT_BUILT(PeerLater, (int *p), CLEAR(p))\n")
        code, output = self.coverage(self.COVERED, self.FAMILY)
        self.assertEqual(code, 0, output)

    def test_a_family_needs_its_line_and_one_case(self):
        code, output = self.coverage(self.COVERED)
        self.assertEqual(code, 1)
        self.assertIn("PeerTwo\tfamily:CRYPT_*", output)
        code, output = self.coverage(self.COVERED.replace('CONTRACT("PeerOne", "family:CRYPT_*");\n', ""), self.FAMILY)
        self.assertEqual(code, 1, output)
        code, output = self.coverage(self.COVERED, self.FAMILY + "| `family:CRYPT_*` | all | and again |\n")
        self.assertEqual(code, 1, output)
        self.assertIn("more than one line", output)

    def test_an_excluded_row_needs_a_reason(self):
        marks = self.COVERED.replace('CONTRACT("PeerOne",\n  "E_INVALIDARG");\n', "") + \
            'CONTRACT("PeerTwo", "family:CRYPT_*");\n'
        self.assertEqual(self.coverage(marks)[0], 1)
        self.assertEqual(self.coverage(marks, "| PeerOne | E_INVALIDARG | |\n")[0], 1)
        self.assertEqual(self.coverage(marks, "| `PeerOne` | `E_INVALIDARG` | cannot happen |\n")[0], 0)

    def test_success_is_not_excluded(self):
        marks = self.COVERED.replace('CONTRACT("PeerTwo", "S_OK");\n', "")
        code, output = self.coverage(marks, self.FAMILY + "| PeerTwo | S_OK | no |\n")
        self.assertEqual(code, 1, output)
        self.assertIn("PeerTwo\tS_OK", output)

    def test_no_more_than_twelve_rows_are_excluded(self):
        self.write("contract/returns.tsv", self.RETURNS + "".join(f"PeerOne\tCODE_{i}\tx\n" for i in range(13)))
        lines = [f"| `PeerOne` | `CODE_{i}` | cannot happen |\n" for i in range(13)]
        marks = self.COVERED + 'CONTRACT("PeerOne", "CODE_12");\n'
        self.assertEqual(self.coverage(marks, self.FAMILY + "".join(lines[:12]))[0], 0)
        code, output = self.coverage(marks, self.FAMILY + "".join(lines))
        self.assertEqual(code, 1, output)
        self.assertIn("12 at most", output)

    def test_names_that_are_not_there(self):
        for marks, deviations in (('CONTRACT("PeerThree", "S_OK");\n', ""), ("", "| PeerOne | E_FAIL | no such row |\n"),
                                  ("", "| PeerThree | E_FAIL | no such function |\n")):
            self.assertEqual(self.coverage(self.COVERED + marks, self.FAMILY + deviations)[0], 2)
        self.write("src/api/notimpl.c", "NOT_BUILT(PeerGone, (int *p), CLEAR(p))\n")
        self.assertEqual(self.coverage(self.COVERED, self.FAMILY)[0], 2)

    def test_each_function_needs_a_sweep(self):
        self.write("tests/oom/cases_a.c", self.SWEPT.replace('{"PeerTwo', '{"PeerOne'))
        code, output = self.coverage(self.COVERED, self.FAMILY)
        self.assertEqual(code, 1, output)
        self.assertIn("PeerTwo: no case in tests/oom", output)
        self.write("tests/oom/cases_a.c", self.SWEPT)
        self.write("include/peergroup/extensions.h", "PEERGROUP_API HRESULT WINAPI PeerMore(int a);\n")
        code, output = self.coverage(self.COVERED, self.FAMILY)
        self.assertEqual(code, 1, output)
        self.assertIn("PeerMore: no case in tests/oom", output)
        self.write("tests/oom/cases_b.c", '{"PeerMore", OOM_OPEN, NULL, call}')
        self.assertEqual(self.coverage(self.COVERED, self.FAMILY)[0], 0)
        self.write("tests/oom/cases_b.c", '{"PeerMore", OOM_OPEN, NULL, call}, {"PeerThree", OOM_OPEN}')
        self.assertEqual(self.coverage(self.COVERED, self.FAMILY)[0], 2)

    def test_a_sweep_covers_its_row(self):
        self.assertEqual(self.coverage(self.COVERED.replace('CONTRACT_OOM("PeerOne");\n', ""), self.FAMILY)[0], 0)

    def test_a_mark_in_a_comment_covers_nothing(self):
        self.assertEqual(self.coverage("/* " + self.COVERED + " */", self.FAMILY)[0], 1)


class Docs(Tree):
    def check(self, text, name="docs/a.md"):
        self.write("src/base/hash.c", "")
        self.write("docs/b.md", "# One word\n\n## And a `second`, later\n")
        self.write(name, text)
        return self.run_tool("check-docs", self.root)

    def assert_bad(self, text, words):
        code, output = self.check(text)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_what_is_there_is_good(self):
        code, output = self.check("`src/base/hash.c` `src/base/` `src/<layer>/*.c` [b](b.md) [c](b.md#and-a-second-later)\n"
                                  "[web](https://example.org) `hash.c` `make x/y`\n```\n`src/no.c`\n```\n")
        self.assertEqual(code, 0, output)

    def test_a_path_that_is_not_there(self):
        self.assert_bad("`src/base/no.c`\n", "docs/a.md:1: no such path: src/base/no.c")
        self.assert_bad("\n`src/<layer>/*.h`\n", "docs/a.md:2")

    def test_a_broken_link(self):
        self.assert_bad("[b](c.md)\n", "broken link: c.md")
        self.assert_bad("[b](b.md#third)\n", "broken link: b.md#third")

    def test_deeper_documents_and_the_readme(self):
        self.assertEqual(self.check("[b](../b.md)\n", "docs/decisions/d.md")[0], 0)
        self.assertEqual(self.check("[b](b.md)\n", "docs/decisions/d.md")[0], 1)
        os.remove(os.path.join(self.root, "docs/decisions/d.md"))
        self.assertEqual(self.check("[b](docs/no.md)\n", "README.md")[0], 1)

    def test_an_example_is_its_file(self):
        text = "```c\n/* e.c - one. */\nint e;\n```\n"
        self.assertEqual(self.check(text)[0], 0)
        self.write("examples/e.c", "/* e.c - one. */\nint e;\n")
        self.assertEqual(self.check(text)[0], 0)
        self.write("examples/e.c", "/* e.c - one. */\nint f;\n")
        self.assert_bad(text, "docs/a.md:1: not the text of examples/e.c")


class Man(Tree):
    HEADER = """/* PeerGroupOpen opens a group.
 *
 *   hGroup  a -group
 *           of ours
 *
 *   S_OK  it is open
 *   As everywhere: E_INVALIDARG,
 *   E_OUTOFMEMORY
 *
 * .Deviation: none. */
PEERGROUP_API HRESULT WINAPI PeerGroupOpen(HGROUP hGroup,
                                           int *p);
"""

    def page(self, header, notimpl=""):
        self.write("include/p2p.h", header)
        self.write("include/peergroup/platform.h", "")
        self.write("n.c", notimpl)
        output = os.path.join(self.root, "page")
        code, words = self.run_tool("man-from-header", "groups", os.path.join(self.root, "include"),
                                    os.path.join(self.root, "n.c"), output)
        if code != 0:
            return code, words
        with open(output, encoding="utf-8") as file:
            return code, file.read()

    def test_a_page(self):
        code, page = self.page(self.HEADER)
        self.assertEqual(code, 0, page)
        for words in ("HRESULT PeerGroupOpen(HGROUP hGroup, int *p);\n", ".TP\n.B hGroup\na \\-group of ours\n",
                      "As everywhere: E_INVALIDARG, E_OUTOFMEMORY\n", "\n\\&.Deviation: none.\n"):
            self.assertIn(words, page)
        self.assertNotIn("Not built", page)

    def test_what_is_not_built_is_marked(self):
        self.assertIn("Not built", self.page(self.HEADER, "NOT_BUILT(PeerGroupOpen, (HGROUP h), NOTHING)\n")[1])

    def test_a_function_without_a_page(self):
        code, words = self.page(self.HEADER + "/* PeerFoo does. */\nPEERGROUP_API void WINAPI PeerFoo(void);\n")
        self.assertNotEqual(code, 0)
        self.assertIn("PeerFoo", words)


class Conformance(Tree):
    SEMANTICS = "# Facts\n- (9.9) before any section\n\n## 1. Start\n- (1.1) One | comes first. [page]\n" \
                "- (1.2) Two. [page]\n\n## 17. Else\n- (17.1) out of scope\n"
    TEST = "/* [point 1.1] it is first */\nstatic void test_first(void **state)\n{\n}\n" \
           "int main(void)\n{\n    return run(test_first);\n}\n"

    def setUp(self):
        super().setUp()
        self.write("contract/semantics.md", self.SEMANTICS)
        self.write("contract/rulings.md", "General\n1. Two is not.\n12. Else.\n")
        self.write("tests/contract/test_a.c", self.TEST)
        self.write("tests/contract/points.tsv", "point\truling\treason\n")
        self.write("docs/deviations.md", "# Deviations\n\n## Where two is\n\n- Two is three. [point 1.2]\n")

    def conformance(self, *arguments):
        return self.run_tool("conformance", "--root", self.root, *arguments)

    def page(self):
        with open(os.path.join(self.root, "docs/conformance.md"), encoding="utf-8") as file:
            return file.read()

    def assert_mistake(self, words):
        code, output = self.conformance()
        self.assertEqual(code, 2, output)
        self.assertIn(words, output)

    def test_each_point_gets_its_row(self):
        code, output = self.conformance()
        self.assertEqual(code, 0, output)
        self.assertIn("| 1.1 | One \\| comes first. | `test_first` of `tests/contract/test_a.c` |\n", self.page())
        self.assertIn("| 1.2 | Two. | deviation: [Where two is](deviations.md#where-two-is) |\n", self.page())
        self.assertNotIn("9.9", self.page())
        self.assertNotIn("17.1", self.page())
        self.assertEqual(self.conformance("--check")[0], 0)

    def test_a_point_without_an_answer(self):
        self.write("docs/deviations.md", "# Deviations\n")
        code, output = self.conformance()
        self.assertEqual(code, 1)
        self.assertIn("point 1.2: neither", output)
        code, output = self.conformance("--check")
        self.assertEqual(code, 1, output)
        self.write("tests/contract/points.tsv", "point\truling\treason\n1.2\t1,12\tit is not\n")
        self.assertEqual(self.conformance()[0], 0)
        self.assertIn("| 1.2 | Two. | ruling 1, 12: it is not |\n", self.page())

    def test_a_page_that_is_not_what_would_be_written(self):
        self.assertEqual(self.conformance("--check")[0], 1)
        self.conformance()
        self.write("docs/conformance.md", self.page() + "more\n")
        code, output = self.conformance("--check")
        self.assertEqual(code, 1)
        self.assertIn("is not what", output)

    def test_a_comment_above_several_lines_of_a_prototype(self):
        self.write("tests/contract/test_a.c", self.TEST.replace("static void test_first(void **state)",
                                                                "static struct thing *\n    test_first(int a,\n  int b)"))
        self.assertEqual(self.conformance()[0], 0)

    def test_a_comment_within_a_test(self):
        self.write("tests/contract/test_a.c", "static int other(void)\n{\n    return 1;\n}\n\n" + self.TEST.replace(
            "/* [point 1.1] it is first */\n", "").replace("{\n}\n", "{\n    a(); /* [point 1.1] so */\n}\n", 1))
        code, output = self.conformance()
        self.assertEqual(code, 0, output)
        self.assertIn("`test_first` of", self.page())

    def test_a_test_in_python(self):
        self.write("tests/contract/test_a.c", "")
        self.write("tests/e2e/test_b.py", "# [point 1.1] it is\n# first\ndef first(world):\n    pass\n\nrun(first)\n")
        self.assertEqual(self.conformance()[0], 0)
        self.assertIn("`first` of `tests/e2e/test_b.py`", self.page())

    def test_tags_that_point_at_nothing(self):
        self.write("tests/contract/test_a.c", self.TEST.replace("1.1]", "1.3]"))
        self.assert_mistake("no such point: 1.3")
        self.write("tests/contract/test_a.c", "/* [point 1.1] */\nstatic int first;\n")
        self.assert_mistake("no test at")
        self.write("tests/contract/test_a.c", self.TEST.replace("run(test_first)", "0"))
        self.assert_mistake("no test at")
        self.write("tests/contract/test_a.c", self.TEST)
        self.write("docs/deviations.md", "[point 2.1]\n")
        self.assert_mistake("no such point: 2.1")

    def test_lines_that_settle_nothing(self):
        for line in ("1.2\t2\tno such ruling", "1.2\t1\t", "1.2\t1", "1.9\t1\tno such point", "1.2\t-\ta\n1.2\t-\tb"):
            self.write("tests/contract/points.tsv", "point\truling\treason\n" + line + "\n")
            code, output = self.conformance()
            self.assertEqual(code, 2, line + ": " + output)


if __name__ == "__main__":
    unittest.main()
