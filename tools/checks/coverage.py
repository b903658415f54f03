#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: coverage.py ROOT BUILD

Reads what the tests of a build with gcc's counters have reached, by gcov, and prints a table in
Markdown: for each folder of the product, its lines and branches, and which part of them was run. A
file that several programs compile counts once; a line is reached if any of them has run it. Writes
BUILD/lines/FILE with the lines that nobody has run. Run as `tools/coverage`.
"""
import collections
import json
import pathlib
import subprocess
import sys

from source import PRODUCTION

AT_ONCE = 40  # files that one call of gcov reads


class File:
    def __init__(self):
        self.lines = {}  # number: times it was run
        self.branches = {}  # (line, index): times it was taken

    def add(self, line):
        number = line["line_number"]
        self.lines[number] = self.lines.get(number, 0) + line["count"]
        for i, branch in enumerate(line["branches"]):
            at = number, i
            self.branches[at] = self.branches.get(at, 0) + branch["count"]


def reports(build):
    """gcov's reports of all object files with counters. One per line of its output."""
    notes = sorted(build.rglob("*.gcno"))
    for i in range(0, len(notes), AT_ONCE):
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes[i:i + AT_ONCE]],
                              cwd=build, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                yield json.loads(line)


def read(root, build):
    files = collections.defaultdict(File)
    for report in reports(build):
        for entry in report["files"]:
            path = (build / entry["file"]).resolve()
            if path.is_relative_to(root) and path.relative_to(root).parts[0] in PRODUCTION:
                for line in entry["lines"]:
                    files[path.relative_to(root)].add(line)
    return files


def reached(counts):
    return sum(1 for n in counts.values() if n > 0)


def row(name, files):
    lines = sum(len(f.lines) for f in files), sum(reached(f.lines) for f in files)
    branches = sum(len(f.branches) for f in files), sum(reached(f.branches) for f in files)
    part = [f"{100 * run / all:.0f} %" if all else "-" for all, run in (lines, branches)]
    return f"| {name} | {lines[0]} | {part[0]} | {branches[0]} | {part[1]} |"


def write_lines(root, build, files):
    for name, file in files.items():
        out = build / "lines" / name
        out.parent.mkdir(parents=True, exist_ok=True)
        missed = sorted(n for n, count in file.lines.items() if count == 0)
        text = (root / name).read_text().splitlines()
        out.write_text("".join(f"{n}: {text[n - 1]}\n" for n in missed if n <= len(text)))


def main():
    root, build = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    files = read(root, build)
    folders = collections.defaultdict(list)
    for name, file in files.items():
        folders[name.parent.as_posix()].append(file)
    print("| folder | lines | run | branches | taken |\n|---|---|---|---|---|")
    for name in sorted(folders):
        print(row(f"`{name}/`", folders[name]))
    print(row("all", list(files.values())))
    write_lines(root, build, files)


main()
