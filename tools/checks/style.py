#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: style.py [ROOT]

Checks what clang-format does not see, in all C files of the tree in ROOT (default: the one this
file is in): one way to test pointers, to write sizeof, to name includes and include guards, and to
return errors; an opening comment in each file; comments and pages no wider than 100 columns; the
glossary's terms in comments. Files that pages name must exist. Each violation is one line that says
what to do. Run as `tools/check style`; docs/CONTRIBUTING.md explains the rules.
"""
import pathlib
import re
import sys

from source import COMMENT, OWN, PRODUCTION, sources

COLUMNS = 100
# In backquotes: `dataplane/path/route.c`, `tests/vm/`.
PATH = re.compile(r"`((?:dataplane|controlplane|shared|tests|tools|docs)/[\w./-]*)[`: ]")
TERMS = {
    "sent again": "retransmitted", "asked for again": "requested by NACK", "what waits": "the backlog",
    "let go": "dropped, or released", "lets go": "drops, or releases", "forgo": "skip", "anew": "again, or restart",
}
HOMELY = re.compile(r"\b(" + "|".join(TERMS) + r")\b")
PLACEHOLDER = re.compile(r"[A-Z]{4,}")  # `dataplane/path/NAME.c`
CONDITION = re.compile(r"(&&|\|\||\?|\b(if|while) \()")


def check_null(file):
    for number, line in file.lines():
        if "== NULL" in line:
            yield number, "write !pointer, not pointer == NULL"
        elif "!= NULL" in line and CONDITION.search(line):
            yield number, "write pointer, not pointer != NULL, in a condition"


def check_sizeof(file):
    for number, line in file.lines():
        if re.search(r"\bsizeof [^(]", line):
            yield number, "write sizeof(x), with parentheses"


def check_include_names(file, root):
    for included in file.includes():
        if not (root / included).is_file():
            yield 1, f'name "{included}" from the top of the tree, as in "shared/abi.h"'


def check_guard(file):
    guard = "SPATE_" + re.sub(r"\W", "_", file.name).upper()
    if file.name.endswith(".h") and f"#ifndef {guard}\n#define {guard}\n" not in file.text:
        yield 2, f"name the include guard {guard}"


def check_errors(file):
    if not file.name.startswith(PRODUCTION):
        return
    for number, line in file.lines():
        if re.search(r"\breturn -1;", line):
            yield number, "return a positive errno (a negative one where the result is a count or a descriptor)"


def opening(file):
    """The text of the first comment that is not the SPDX line, or '' if code comes before it."""
    text = re.sub(r"^/\* SPDX-License-Identifier: [^*]*\*/\s*", "", file.text)
    text = re.sub(r"^#ifndef \w+\s+#define \w+\s*\n", "", text)
    text = re.sub(r"^(\s*#(include|pragma|define) [^\n]*\n)*\s*", "", text)
    found = COMMENT.match(text)
    return re.sub(r"\s*\n \*\s*|/\*+|\*/", " ", found.group(0)).strip() if found else ""


def is_sentence(text):
    return len(text.split()) >= 4 and text[-1:] in ".:" or ". " in text


def check_opening(file, by_name):
    if not file.name.startswith(PRODUCTION):
        return
    header = by_name.get(re.sub(r"\.c$", ".h", file.name))
    if not any(is_sentence(opening(f)) for f in (file, header) if f):
        yield 1, "open the file, or the header of the same name, with a sentence that says what it is for"


def width(line):
    return len(line.expandtabs(8))


def check_width(file):
    for comment in COMMENT.finditer(file.text):
        begin = file.text.count("\n", 0, comment.start()) + 1
        lines = comment.group(0).splitlines()
        for number, line in enumerate(lines, begin):
            if len(lines) > 1 and width(line) > COLUMNS:
                yield number, f"wrap the comment at {COLUMNS} columns"


def check_words(file):
    """Homely words for which docs/glossary.md has a term, in the comments of both programs."""
    if not file.name.startswith(PRODUCTION):
        return
    for comment in COMMENT.finditer(file.text):
        begin = file.text.count("\n", 0, comment.start()) + 1
        for number, line in enumerate(comment.group(0).splitlines(), begin):
            for found in HOMELY.finditer(line):
                yield number, f'write "{TERMS[found.group(0)]}" for "{found.group(0)}" (docs/glossary.md)'


def pages(root):
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def check_pages(root):
    """Prose of the pages; tables, code blocks and lines that one long link makes are left out."""
    for page in pages(root):
        code = False
        for number, line in enumerate(page.read_text().splitlines(), 1):
            if line.lstrip().startswith("```"):
                code = not code
            elif not code and not line.startswith("|") and len(line) > COLUMNS and " " in line[:COLUMNS]:
                if len(re.sub(r"\]\([^)]*\)", "]", line)) > COLUMNS:
                    yield f"{page.relative_to(root).as_posix()}:{number}: wrap the prose at {COLUMNS} columns"


def check_page_paths(root):
    """A page that names a file or a folder of the tree names one that exists."""
    for page in pages(root):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for path in PATH.findall(line):
                if not (root / path.rstrip("/.")).exists() and not PLACEHOLDER.search(path):
                    yield f"{page.relative_to(root).as_posix()}:{number}: {path} does not exist: name the file as it is now"


def violations(root):
    files = list(sources(root, OWN))
    by_name = {f.name: f for f in files}
    for file in files:
        for rule in (check_null(file), check_sizeof(file), check_include_names(file, root), check_guard(file),
                     check_errors(file), check_opening(file, by_name), check_width(file),
                     check_words(file)):
            for number, message in rule:
                yield f"{file.name}:{number}: {message}"
    yield from check_pages(root)
    yield from check_page_paths(root)


def main():
    if sys.argv[1:] == ["--help"]:
        print(__doc__)
        return 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = list(violations(root))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
