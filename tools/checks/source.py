# SPDX-License-Identifier: Apache-2.0
"""Reads the C sources of a tree for the checks: files, include lines, declarations, definitions.

The text is laid out by clang-format, and this module relies on it: a declaration or a
definition begins in column 0, and the body of a function opens with a brace in column 0.
"""
import pathlib
import re

PRODUCTION = ("dataplane", "controlplane", "shared")
OWN = PRODUCTION + ("tests", "tools")
IGNORED = {"node_modules", "dist"}

INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
# The declarator of a function at the end of a declaration: name(arguments) [__attribute__((...))].
FUNCTION = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\((?!\*)")


class Source:
    """One file: `text` as it is, `code` without comments and string literals, same line count."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.folder = path.relative_to(root).parent.as_posix()
        self.text = path.read_text()

        def blank(match):
            return re.sub(r"[^\n]", " ", match.group(0))

        self.code = STRING.sub('""', COMMENT.sub(blank, self.text))

    def lines(self):
        """Pairs of line number and line, without comments and strings."""
        return enumerate(self.code.splitlines(), 1)

    def includes(self):
        return INCLUDE.findall(self.text)

    def functions(self):
        """Triples (name, kind, line); kind: 'declared', 'defined' or 'inline'. Static functions are left out."""
        for line, text, end in self._top_level():
            if text.startswith(("typedef", "#", "struct sh_cmd {", "enum", "extern ")) or "(" not in text:
                continue
            head = text.split("(", 1)[0]
            if "=" in head or re.match(r"(static_assert|_Static_assert|[A-Z_]+$)", text.split("(")[0].strip()):
                continue
            found = FUNCTION.search(text)
            if not found or found.group(1) in ("__attribute__", "_Alignas"):
                continue
            if text.startswith("static"):
                if "inline" in head:
                    yield found.group(1), "inline", line
            else:
                yield found.group(1), "defined" if end == "{" else "declared", line

    def _top_level(self):
        """Each declaration that begins in column 0, joined into one line, up to its ';' or '{'."""
        pending, begin = [], 0
        for number, line in self.lines():
            if not pending and (not line or line[0] in " \t}#{/"):
                continue
            if not pending:
                begin = number
            if line.startswith("{"):
                yield begin, " ".join(pending), "{"
                pending = []
                continue
            pending.append(line.strip())
            if line.rstrip().endswith(";"):
                yield begin, " ".join(pending), ";"
                pending = []
            elif line.rstrip().endswith("{"):  # struct, enum, initialiser: not a function in this layout
                pending = []


def sources(root, tops=PRODUCTION):
    root = pathlib.Path(root)
    for top in tops:
        for path in sorted((root / top).rglob("*.[ch]")):
            if not IGNORED & set(path.relative_to(root).parts):
                yield Source(root, path)
