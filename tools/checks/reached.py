#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: reached.py [ROOT]

Checks that a test expects each outcome by which the product refuses something: every drop reason
(shared/drop_reasons.def), error code of the signaling (controlplane/base/fault.c), admission refusal
and status of WHIP and WHEP (controlplane/base/counters.c), and close code of a WebSocket (the table
in docs/signaling.md). Each one that no test expects is a line. Run as `tools/check reached`.

A test expects an outcome where its name is in the arguments of an assertion, or in a row of a table
of cases. An assertion that it was counted zero times does not reach it.
"""
import pathlib
import re
import sys

from source import COMMENT

ASSERTION = {
    ".c": re.compile(r"\b(assert_\w+|STAGE_CHECK|STAGE_WAIT|stage_wait|wait_for_drops|expect_\w+|must|check)\s*\("),
    ".mjs": re.compile(r"(?<!function )\b(check|until|problem|refused|fails|closes|isError|assert\.\w+)\("),
}
ROW = re.compile(r"\{[^{}]*\}")
ZERO = r"(?:\]?\)?(?:\s*===?\s*0\b(?!\.)|,\s*0\)))"


def statements(path):
    """The assertions and rows of a file: text between semicolons, and text in innermost braces of C."""
    comment = COMMENT if path.suffix == ".c" else re.compile(r"^\s*//.*$", re.M)
    text = comment.sub(" ", path.read_text())
    found = [s for s in re.split(r";|\{\n", text) if ASSERTION[path.suffix].search(s)]
    if path.suffix == ".c":
        found += ROW.findall(text)
    return found


def read(root, globs):
    files = {p for g in globs for p in root.glob(g) if p.suffix in ASSERTION}
    return [s for p in sorted(files) for s in statements(p)]


def expects(found, name):
    """Whether one of the statements has the name, and does not expect zero of it."""
    wanted = re.compile(name)
    unwanted = re.compile(f"(?:{name}){ZERO}")
    return any(len(wanted.findall(s)) > len(unwanted.findall(s)) for s in found)


def table(root, file, pattern, flags=0):
    return re.findall(pattern, (root / file).read_text(), flags)


NATIVE = "tests/unit/*/*", "tests/stage/*"
SOCKETS = "tests/unit/*/*", "tests/signaling/*"
WHIP = "tests/unit/entry/*", "tests/signaling/whip*", "tests/signaling/whep*"
CLOSES = "tests/unit/engineio/*", "tests/unit/signaling/*", "tests/signaling/*"


def outcomes(root):
    """Tuples: files of tests, what the outcome is, its name, and the pattern that a test writes for it."""
    for reason, name in table(root, "shared/drop_reasons.def", r'^DROP\((\w+), "(\w+)"', re.M):
        yield NATIVE, "the drop reason", name, rf"\b{reason}\b"
    for code, name in table(root, "controlplane/base/fault.c", r'\[(CP_\w+)\] = \{"([\w-]+)"'):
        if code != "CP_OK":
            yield SOCKETS, "the error code", name, rf'\b{code}\b|"{name}"'
    counters = "controlplane/base/counters.c"
    for code, name in table(root, counters, r'\[(CP_REFUSED_\w+)\] = "(\w+)"'):
        yield SOCKETS, "the admission refusal", name, rf'\b{code}\b|refused\("{name}"\)|reason="{name}"'
    statuses, = table(root, counters, r"cp_whip_statuses\[CP_WHIP_STATUSES\] = \{([^}]*)\}")
    for status in re.findall(r"\d+", statuses):
        yield WHIP, "the status of WHIP and WHEP", status, rf'(?<!sleep\()\b{status}\b'
    closes, = table(root, "docs/signaling.md", r"### Close codes\n(.*?)\n\n[^|]", re.S)
    for code in re.findall(r"^\| (\d{4}) \|", closes, re.M):
        yield CLOSES, "the close code", code, rf"\bclos[^\n]*\b{code}\b|\.code === {code}\b"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    tests, missing = {}, 0
    for globs, kind, name, pattern in outcomes(root):
        if globs not in tests:
            tests[globs] = read(root, globs)
        if not expects(tests[globs], pattern):
            print(f"no test expects {kind} {name}: add one to {' or '.join(globs)}")
            missing += 1
    return 1 if missing else 0


sys.exit(main())
