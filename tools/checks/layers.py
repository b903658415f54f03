#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: layers.py [ROOT]

Checks the architecture of the tree in ROOT (default: the one this file is in) against
ROOT/tools/checks/layers.txt. Each violation is one line that says what to do about it.
Run as `tools/check layers`; the rules are explained in docs/CONTRIBUTING.md.
"""
import collections
import pathlib
import re
import sys

from source import sources

LINES_MAX, FUNCTIONS_MAX = 200, 12
NOT_PURE = re.compile(
    r"\b(rte_[a-z0-9_]+)|#include <((?:libwebsockets|uv|unistd|fcntl|sys/socket|sys/mman|rte_\w+)\.h)>")
# The control plane's libraries: the data plane parses no JSON and speaks no TLS.
NOT_DATAPLANE = re.compile(r"#include <((?:libwebsockets|uv|cjson/\w+|openssl/ssl)\.h)>")


class Layers:
    """layers.txt: stacks of folders from top to bottom, pure folders, headers that may be large."""

    def __init__(self, path):
        self.stacks, self.pure, self.large = [], set(), {}
        section = None
        for line in path.read_text().splitlines():
            line, _, reason = (part.strip() for part in line.partition("#"))
            if not line:
                continue
            if line.startswith("["):
                section = line.strip("[]")
                if section == "stack":
                    self.stacks.append([])
            elif section == "stack":
                self.stacks[-1].append(line.split())
            elif section == "pure":
                self.pure.update(line.split())
            elif section == "large":
                self.large[line] = reason

    def folders(self):
        return {folder for stack in self.stacks for height in stack for folder in height}

    def may_include(self, upper, lower):
        """True if `lower` is below `upper` in a stack that has both."""
        for stack in self.stacks:
            height = {folder: i for i, row in enumerate(stack) for folder in row}
            if upper in height and lower in height:
                return height[upper] < height[lower]
        return False


def check_folders(files, layers):
    for folder in sorted({f.folder for f in files} - layers.folders()):
        yield (f"{folder}: the folder has no place: add it to tools/checks/layers.txt, "
               "below every folder that includes it")
    for folder in sorted(layers.folders() - {f.folder for f in files}):
        yield f"tools/checks/layers.txt: {folder} has no C files: remove the line"


def check_includes(files, layers):
    for file in files:
        for included in file.includes():
            folder = included.rpartition("/")[0]
            if folder != file.folder and not layers.may_include(file.folder, folder):
                yield (f"{file.name}: includes {included}, and {folder} is not below {file.folder} in "
                       "tools/checks/layers.txt: move the function down, or pass it in as a function pointer")


def check_declarations(files, layers):
    defined = collections.defaultdict(set)
    for file in files:
        if file.name.endswith(".c"):
            for name, kind, _ in file.functions():
                if kind == "defined":
                    defined[name].add(file.folder)
    for file in files:
        if not file.name.endswith(".h"):
            continue
        for name, kind, line in file.functions():
            if kind != "declared":
                continue
            if not defined[name]:
                yield f"{file.name}:{line}: {name}() is declared and defined nowhere: remove it"
            elif file.folder not in defined[name]:
                yield (f"{file.name}:{line}: {name}() is defined in {', '.join(sorted(defined[name]))}: "
                       "declare it in a header of that folder")


def check_names(files, layers):
    places = collections.defaultdict(list)
    for file in files:
        for name, kind, line in file.functions():
            wanted = "defined" if file.name.endswith(".c") else "inline"
            if kind == wanted and name != "main":
                places[name].append(f"{file.name}:{line}")
    for name, where in sorted(places.items()):
        if len(where) > 1:
            yield f"{name}() is defined in {', '.join(where)}: keep one, or rename one"


def check_pure(files, layers):
    for file in files:
        if file.folder not in layers.pure and file.name not in layers.pure:
            continue
        for number, line in enumerate(file.code.splitlines(), 1):
            found = NOT_PURE.search(line)
            if found:
                yield (f"{file.name}:{number}: {found.group(1) or found.group(2)} in {file.folder}, which does no I/O "
                       "and uses no DPDK: do it in the caller, and pass the result in")


def check_libraries(files, layers):
    for file in files:
        if not file.name.startswith("dataplane"):
            continue
        for number, line in enumerate(file.code.splitlines(), 1):
            found = NOT_DATAPLANE.search(line)
            if found:
                yield f"{file.name}:{number}: {found.group(1)} is a library of the control plane: do this there"


def check_headers(files, layers):
    definers = collections.defaultdict(set)
    for file in files:
        if file.name.endswith(".c"):
            for name, kind, _ in file.functions():
                definers[name].add(file.name)
    seen = set()
    for file in files:
        if not file.name.endswith(".h"):
            continue
        declared = [name for name, kind, _ in file.functions() if kind == "declared"]
        units = {unit for name in declared for unit in definers[name]}
        lines = file.text.count("\n")
        problem = None
        if lines > LINES_MAX:
            problem = f"{lines} lines, more than {LINES_MAX}"
        elif len(declared) > FUNCTIONS_MAX and len(units) > 1:
            problem = f"{len(declared)} functions of {len(units)} files, more than {FUNCTIONS_MAX}"
        if problem and file.name not in layers.large:
            yield (f"{file.name}: {problem}: split it by object, or list it under [large] in "
                   "tools/checks/layers.txt with the reason")
        if problem:
            seen.add(file.name)
    for name, reason in layers.large.items():
        if name not in seen:
            yield f"tools/checks/layers.txt: {name} is listed under [large] and is not large: remove the line"
        elif not reason:
            yield f"tools/checks/layers.txt: {name} may be large, but the line does not say why: give the reason after #"


RULES = (check_folders, check_includes, check_declarations, check_names, check_pure, check_libraries, check_headers)


def main():
    if sys.argv[1:] == ["--help"]:
        print(__doc__)
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    layers = Layers(root / "tools/checks/layers.txt")
    files = list(sources(root))
    violations = [line for rule in RULES for line in rule(files, layers)]
    print("\n".join(violations), end="\n" if violations else "")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
