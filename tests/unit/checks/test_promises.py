#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each promise of docs/security.md names tests, and each of them exists.

usage: test_promises.py SOURCE_DIR BUILD_DIR
"""
import json
import pathlib
import re
import sys

source, build = map(pathlib.Path, sys.argv[1:3])
tests = {test["name"] for test in json.loads((build / "meson-info/intro-tests.json").read_text())}
section = (source / "docs/security.md").read_text().split("## What Spate promises")[1].split("\n## ")[0]
rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")][1:]
wrong = [] if len(rows) >= 10 else ["the table of promises is not there"]
for promise, _, names in rows:
    named = re.findall(r"`([^`]+)`", names)
    wrong += [f"no test is named: {promise.strip()}"] if not named else []
    for name in named:
        found = any(test.startswith(name[:-1]) for test in tests) if name.endswith("*") else name in tests
        # Where node is missing, none of the tests that need it exist.
        found = found or (name.startswith(("signaling-", "e2e-")) and "signaling-http" not in tests)
        wrong += [] if found else [f"there is no test {name}: {promise.strip()}"]
print("\n".join(wrong) or f"{len(rows)} promises, each with its tests")
sys.exit(bool(wrong))
