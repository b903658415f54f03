#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/capacity: which rows it takes, and that it says why it takes none.

usage: test_capacity.py CAPACITY
"""
import json
import os
import pty
import subprocess
import sys
import unittest

CAPACITY = sys.argv.pop(1)
MACHINE = {"benchmark": "fanout", "case": "machine", "cores": 2}
ROW = {"benchmark": "fanout", "case": "null", "profile": "gcm-128", "viewers": 1000, "payload": 1100, "burst": 8,
       "workers": 1, "cycles_per_packet": 1000.0, "right": True}


class Capacity(unittest.TestCase):
    def run_it(self, *args, rows=(), text=None, code=0):
        text = "".join(json.dumps(row) + "\n" for row in rows) if text is None else text
        done = subprocess.run([CAPACITY, *args], input=text, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout if code == 0 else done.stderr

    def cores(self, *args, **options):
        """How many viewers the cores are enough for: 1e9 cycles a second to share."""
        out = self.run_it("--stream", "100/1100", "--scaling", "1", "--busy", "1", "--ghz", "1", "--cores", "2", *args,
                          **options)
        return int(next(line.split()[-1] for line in out.splitlines() if line.startswith("cores")).replace(",", ""))

    def test_rows(self):
        others = [MACHINE] + [ROW | wrong | {"cycles_per_packet": 5.0} for wrong in (
            {"viewers": 100}, {"workers": 2}, {"burst": 1}, {"profile": "cm-sha1"}, {"case": "virtio-user"})]
        self.assertEqual(self.cores(rows=others + [ROW]), 10000)
        self.assertEqual(self.cores("--viewers", "100", rows=others + [ROW]), 2000000)
        self.assertEqual(self.cores(rows=[ROW | {"payload": 600, "cycles_per_packet": 500.0},
                                          ROW | {"payload": 1600, "cycles_per_packet": 1500.0}]), 10000)
        self.assertEqual(self.cores("--cycles", "1100=2000"), 5000)

    def test_nobody_types_rows(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        with subprocess.Popen([CAPACITY], stdin=slave, stderr=subprocess.PIPE, text=True) as done:
            os.close(slave)
            _, err = done.communicate(timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: tools/bench fanout | tools/capacity", err)
        self.assertIn("neither --cycles nor rows of tools/bench", err)

    def test_errors_are_told_apart(self):
        self.assertIn("the input is empty", self.run_it(code=1))
        self.assertIn("none of 2 rows has case null, profile gcm-128, burst 1, 1 worker: see",
                      self.run_it("--burst", "1", rows=[MACHINE, ROW], code=1))
        self.assertIn("1 worker, 7 viewers: see", self.run_it("--viewers", "7", rows=[ROW], code=1))
        self.assertIn("the case null with 1000 viewers and 1100 bytes went wrong",
                      self.run_it(rows=[ROW, ROW | {"right": False}], code=1))
        for text in ("GCM  1,000 viewers\n", "[1]\n", json.dumps(ROW)[:-1]):
            self.assertIn("line 1 of the input is no JSON line", self.run_it(text=text, code=1))
        self.assertIn("argument --cycles: invalid", self.run_it("--cycles", "1100", code=2))


if __name__ == "__main__":
    unittest.main()
