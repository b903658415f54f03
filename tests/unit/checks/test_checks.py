#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of layers, style and what tests reach find a deliberate violation of each of their rules, and nothing
in a clean tree.

usage: test_checks.py FOLDER_OF_THE_CHECKS
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CHECKS = pathlib.Path(sys.argv.pop(1))

LAYERS = """
[stack]
dataplane/path
dataplane/tables
dataplane/net
shared
[stack]
controlplane/entry controlplane/operator
controlplane/rooms
shared
[pure]
dataplane/net controlplane/rooms
[large]
"""

HEADER = """/* SPDX-License-Identifier: Apache-2.0 */
#ifndef {1}
#define {1}

/* This header stands for the {0} of the test's tree. */

int {0}(int x);

#endif
"""

SOURCE = """/* SPDX-License-Identifier: Apache-2.0 */
#include "{1}/{0}.h"

int {0}(int x)
{{
	return x;
}}
"""

FOLDERS = {
    "dataplane/path": "dp_stage", "dataplane/tables": "dp_table", "dataplane/net": "dp_parse", "shared": "sh_ring",
    "controlplane/entry": "cp_entry", "controlplane/operator": "cp_operator", "controlplane/rooms": "cp_room",
}


def header(folder, name):
    return HEADER.format(name, f"SPATE_{folder}/{name}_h".replace("/", "_").upper())


class Tree(unittest.TestCase):
    """A small tree in which every rule holds, until a test breaks one."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder, name in FOLDERS.items():
            self.write(f"{folder}/{name}.h", header(folder, name))
            self.write(f"{folder}/{name}.c", SOURCE.format(name, folder))
        self.write("tools/checks/layers.txt", LAYERS)
        self.write("README.md", "# A tree\n\nIt is small.\n")
        self.write("docs/page.md", "# A page\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self, name, old, new):
        text = (self.root / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def append(self, name, text):
        self.write(name, (self.root / name).read_text() + text)

    def run_check(self, check):
        done = subprocess.run([sys.executable, CHECKS / f"{check}.py", self.root], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, 1 if done.stdout else 0)
        return done.stdout.splitlines()

    def finds(self, check, place, words):
        lines = self.run_check(check)
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith(place), lines[0])
        self.assertIn(words, lines[0])


class Layers(Tree):
    def test_clean_tree(self):
        self.assertEqual(self.run_check("layers"), [])

    def test_includes_go_down(self):
        self.append("dataplane/path/dp_stage.c", '#include "dataplane/net/dp_parse.h"\n#include "shared/sh_ring.h"\n')
        self.assertEqual(self.run_check("layers"), [])

    def test_include_that_goes_up(self):
        self.append("dataplane/tables/dp_table.h", '#include "dataplane/path/dp_stage.h"\n')
        self.finds("layers", "dataplane/tables/dp_table.h: includes dataplane/path/dp_stage.h", "move the function down")

    def test_include_at_the_same_height(self):
        self.append("controlplane/entry/cp_entry.c", '#include "controlplane/operator/cp_operator.h"\n')
        self.finds("layers", "controlplane/entry/cp_entry.c: includes", "is not below controlplane/entry")

    def test_include_of_the_other_plane(self):
        self.append("controlplane/rooms/cp_room.c", '#include "dataplane/net/dp_parse.h"\n')
        self.finds("layers", "controlplane/rooms/cp_room.c: includes", "is not below controlplane/rooms")

    def test_folder_without_a_layer(self):
        self.write("dataplane/attic/dp_attic.h", header("dataplane/attic", "dp_attic"))
        self.write("dataplane/attic/dp_attic.c", SOURCE.format("dp_attic", "dataplane/attic"))
        self.finds("layers", "dataplane/attic: the folder has no place", "add it to tools/checks/layers.txt")

    def test_layer_without_a_folder(self):
        self.change("tools/checks/layers.txt", "dataplane/net\nshared", "dataplane/net\ndataplane/attic\nshared")
        self.finds("layers", "tools/checks/layers.txt: dataplane/attic", "remove the line")

    def test_function_of_another_folder(self):
        self.change("dataplane/net/dp_parse.h", "int dp_parse", "int dp_table(int x);\nint dp_parse")
        self.finds("layers", "dataplane/net/dp_parse.h:7: dp_table() is defined in dataplane/tables", "declare it in")

    def test_function_of_nobody(self):
        self.change("dataplane/net/dp_parse.h", "int dp_parse",
                    "/* Long. */\nstruct dp_long *dp_nowhere(struct dp_long *first,\n\tint (*call)(int));\nint dp_parse")
        self.finds("layers", "dataplane/net/dp_parse.h:8: dp_nowhere()", "defined nowhere")

    def test_name_exported_twice(self):
        self.append("controlplane/rooms/cp_room.c", "\nint dp_table(int x)\n{\n\treturn x;\n}\n")
        self.finds("layers", "dp_table() is defined in", "keep one")

    def test_inline_function_twice(self):
        twin = "\nstatic inline int dp_twin(int x)\n{\n\treturn x;\n}\n"
        self.append("dataplane/net/dp_parse.h", twin)
        self.append("dataplane/tables/dp_table.h", twin)
        self.finds("layers", "dp_twin() is defined in", "keep one")

    def test_static_functions_may_have_one_name(self):
        twin = "\nstatic int twin(int x)\n{\n\treturn x;\n}\n"
        self.append("dataplane/net/dp_parse.c", twin)
        self.append("dataplane/tables/dp_table.c", twin)
        self.assertEqual(self.run_check("layers"), [])

    def test_io_in_a_pure_folder(self):
        self.append("controlplane/rooms/cp_room.c", "#include <uv.h>\n")
        self.finds("layers", "controlplane/rooms/cp_room.c:8: uv.h in controlplane/rooms", "does no I/O")

    def test_dpdk_in_a_pure_folder(self):
        self.append("dataplane/net/dp_parse.c", "static struct rte_mbuf *last;\n")
        self.finds("layers", "dataplane/net/dp_parse.c:8: rte_mbuf in dataplane/net", "uses no DPDK")

    def test_library_of_the_control_plane(self):
        self.append("dataplane/path/dp_stage.c", "#include <cjson/cJSON.h>\n")
        self.finds("layers", "dataplane/path/dp_stage.c:8: cjson/cJSON.h", "library of the control plane")

    def test_long_header(self):
        self.append("dataplane/net/dp_parse.h", "\n" * 200)
        self.finds("layers", "dataplane/net/dp_parse.h: 209 lines", "split it by object")

    def test_header_of_many_files(self):
        self.write("dataplane/net/more.c", '#include "dataplane/net/dp_parse.h"\n')
        for i in range(12):
            self.change("dataplane/net/dp_parse.h", "\n#endif", f"int dp_more{i}(int x);\n\n#endif")
            self.append("dataplane/net/more.c", f"\nint dp_more{i}(int x)\n{{\n\treturn x;\n}}\n")
        self.finds("layers", "dataplane/net/dp_parse.h: 13 functions of 2 files", "split it by object")
        self.change("tools/checks/layers.txt", "[large]", "[large]\ndataplane/net/dp_parse.h # one subject")
        self.assertEqual(self.run_check("layers"), [])

    def test_large_header_without_a_reason(self):
        self.append("dataplane/net/dp_parse.h", "\n" * 200)
        self.change("tools/checks/layers.txt", "[large]", "[large]\ndataplane/net/dp_parse.h")
        self.finds("layers", "tools/checks/layers.txt: dataplane/net/dp_parse.h", "give the reason")

    def test_allowed_header_that_is_small(self):
        self.change("tools/checks/layers.txt", "[large]", "[large]\nshared/sh_ring.h # once it was large")
        self.finds("layers", "tools/checks/layers.txt: shared/sh_ring.h", "is not large")


class Style(Tree):
    def body(self, line):
        self.change("controlplane/rooms/cp_room.c", "\treturn x;", f"\t{line}\n\treturn x;")

    def found(self, words, line=6):
        self.finds("style", f"controlplane/rooms/cp_room.c:{line}:", words)

    def test_clean_tree(self):
        self.body("a = b != NULL; /* a bool is made: x == NULL in a comment is not code */")
        self.assertEqual(self.run_check("style"), [])

    def test_equals_null(self):
        self.body("a = b == NULL;")
        self.found("write !pointer")

    def test_differs_from_null(self):
        self.body("if (b != NULL)")
        self.found("write pointer, not")

    def test_sizeof(self):
        self.body("a = sizeof b;")
        self.found("write sizeof(x)")

    def test_include(self):
        self.change("controlplane/rooms/cp_room.c", "controlplane/rooms/cp_room.h", "cp_room.h")
        self.found("from the top of the tree", 1)

    def test_include_guard(self):
        self.change("controlplane/rooms/cp_room.h", "SPATE_CONTROLPLANE_ROOMS_CP_ROOM_H", "CP_ROOM_H")
        self.finds("style", "controlplane/rooms/cp_room.h:2:", "SPATE_CONTROLPLANE_ROOMS_CP_ROOM_H")

    def test_minus_one(self):
        self.body("return -1;")
        self.found("positive errno")

    def test_no_opening(self):
        self.change("controlplane/rooms/cp_room.h", "/* This header stands for the cp_room of the test's tree. */", "")
        for kind in "ch":
            self.assertIn(f"controlplane/rooms/cp_room.{kind}:1: open the file", "\n".join(self.run_check("style")))

    def test_opening_that_is_no_sentence(self):
        self.write("shared/lonely.c", "/* SPDX-License-Identifier: Apache-2.0 */\n\n/* Rings. */\n")
        self.finds("style", "shared/lonely.c:1:", "with a sentence")

    def test_wide_comment(self):
        self.append("shared/sh_ring.h", "/*\n * " + "words " * 17 + "\n */\n")
        self.finds("style", "shared/sh_ring.h:11:", "wrap the comment at 100 columns")

    def test_homely_words(self):
        self.append("shared/sh_ring.h", "/* A packet that is sent again. */\n")
        self.finds("style", "shared/sh_ring.h:10:", 'write "retransmitted"')

    def test_wide_page(self):
        wide = "word " * 21
        self.write("docs/page.md", f"# A page\n\n| {wide} |\n```\n{wide}\n```\n[x](https://{'a' * 120})\n{wide}\n")
        self.finds("style", "docs/page.md:8:", "wrap the prose at 100 columns")

    def test_page_that_names_a_missing_file(self):
        self.write("docs/page.md", "# A page\n\n`shared/sh_ring.h`, `shared/` and `shared/gone.h`\n")
        self.finds("style", "docs/page.md:3: shared/gone.h does not exist", "name the file as it is now")


class Reached(Tree):
    """One outcome of each kind, and the test that expects it."""

    DROP, CODE, REFUSAL = "tests/unit/net/test_a.c", "tests/signaling/b.mjs", "tests/unit/admission/test_c.c"
    WHIP, CLOSE = "tests/signaling/whip_d.mjs", "tests/signaling/e.mjs"

    def setUp(self):
        super().setUp()
        self.write("shared/drop_reasons.def", 'DROP(SH_DROP_NO_KEYS, "no_keys", "unprotect", REMOTE, "no keys")\n')
        self.write("controlplane/base/fault.c", '[CP_OK] = {"ok", 0},\n[CP_NOT_FOUND] = {"not-found", ENOENT},\n')
        self.write("controlplane/base/counters.c", '[CP_REFUSED_LATE] = "late",\n'
                   "const uint16_t cp_whip_statuses[CP_WHIP_STATUSES] = {\n\t404};\n")
        self.write("docs/signaling.md", "### Close codes\n\n| code | when |\n|---|---|\n| 1001 | it stops |\n\nText.\n")
        self.write(self.DROP, "\tassert_int_equal(stats.drop[SH_DROP_NO_KEYS], 2);\n")
        self.write(self.CODE, 'check(error.code === "not-found", "it is refused");\n')
        self.write(self.REFUSAL, "\tassert_int_equal(refused(CP_REFUSED_LATE), 1);\n")
        self.write(self.WHIP, 'await problem(await post("x"), 404, "none");\n')
        self.write(self.CLOSE, 'await client.closes("the end", 1001);\n')

    def missing(self, words):
        self.finds("reached", "no test expects", words)

    def test_all_are_expected(self):
        self.assertEqual(self.run_check("reached"), [])

    def test_row_of_a_table(self):
        self.write(self.DROP, '\t{"no keys", no_keys, SH_DROP_NO_KEYS},\n')
        self.assertEqual(self.run_check("reached"), [])

    def test_each_kind_without_a_test(self):
        for file, words in [(self.DROP, "the drop reason no_keys"), (self.CODE, "the error code not-found"),
                            (self.REFUSAL, "the admission refusal late"), (self.WHIP, "the status of WHIP and WHEP 404"),
                            (self.CLOSE, "the close code 1001")]:
            kept = (self.root / file).read_text()
            self.write(file, "")
            self.missing(words)
            self.write(file, kept)

    def test_zero_is_not_reached(self):
        self.write(self.DROP, "\tassert_int_equal(stats.drop[SH_DROP_NO_KEYS], 0);\n"
                   "\tSTAGE_CHECK(stage_drops(s, SH_DROP_NO_KEYS) == 0);\n")
        self.missing("no_keys")

    def test_zero_of_one_and_some_of_another(self):
        self.write(self.DROP, "\tSTAGE_CHECK(drops(a, SH_DROP_NO_KEYS) == 0 && drops(b, SH_DROP_NO_KEYS) == 6);\n")
        self.assertEqual(self.run_check("reached"), [])

    def test_comment_and_use_are_not_reached(self):
        self.write(self.DROP, "/* assert_true(SH_DROP_NO_KEYS); */\n\tdp_drop(w, m, SH_DROP_NO_KEYS);\n")
        self.missing("no_keys")


if __name__ == "__main__":
    unittest.main()
