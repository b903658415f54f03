#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spatectl top, once and on a terminal.

usage: test_top.py SPATECTL
"""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import threading
import time
import unittest

from test_spatectl import SPATECTL, TRANSPORT_SIZE, OnPlanes


class Top(OnPlanes):
    def top(self, *args):
        return self.run_ctl("top", "--once", *args)[0].splitlines()

    def test_top_once(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        plane.set_transport(3, 0xb2)
        plane.set_consumer(1, 0xc1, 9000, 200, [300, 0, 0, 0, 0, 0, 0, 0], 600, 100)
        self.control()
        lines = self.top()
        self.assertEqual(lines[0], "2 transports, 0bit/s in, 0bit/s out, 2 rooms, 3 peers")
        self.assertRegex(lines[1], "^busy:  0: [23] %$")
        self.assertEqual(lines[3].split(), "PEER ROOM DIR STATE W RX b/s TX b/s LOSS RTT CAN b/s HEARD".split())
        rows = {line.split()[0]: line.split() for line in lines[4:]}
        self.assertEqual(rows["alice"][1:5], ["default", "recv", "media", "0"])
        self.assertIn("10.5%", rows["alice"])  # 200 before, 300 here, 500 behind, of 9500 due
        self.assertEqual(rows["-"][1:5], ["-", "-", "media", "0"])
        self.assertEqual([line.split()[0] for line in self.top("--sort", "loss")[4:]], ["alice", "-"])
        self.assertEqual([line.split()[0] for line in self.top("--sort", "peer")[4:]], ["-", "alice"])

    def test_top_measures(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        self.control()
        done = threading.Event()

        def grow():
            n = 0
            while not done.wait(0.01):
                n += 10000
                os.pwrite(plane.fd, struct.pack("<4Q", 0, n, 0, 2 * n), plane.transport_at + TRANSPORT_SIZE + 48)

        thread = threading.Thread(target=grow)
        thread.start()
        out = self.top()
        done.set()
        thread.join()
        self.assertRegex(out[0], r"^1 transports, [1-9][\d.]* [kM]bit/s in, [1-9][\d.]* [kM]bit/s out, ")

    def test_top_usage(self):
        self.data()
        self.control()
        self.assertIn("--sort is one of sent", self.run_ctl("top", "--once", "--sort", "x", code=2)[1])
        self.assertIn("it needs a terminal", self.run_ctl("top", code=2)[1])
        self.assertIn("are options of top", self.run_ctl("status", "--once", code=2)[1])

    def test_top_on_a_terminal(self):
        """40 columns by 8 rows: nothing is wider or longer, keys sort, and q gives the terminal back."""
        plane = self.data(transports=40)
        for slot in range(40):
            plane.set_transport(slot, 0x100 + slot)
        self.control()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(SPATECTL, [SPATECTL, "--run-dir", self.dir.name, "top"])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("<4H", 8, 40, 0, 0))
        shown, end = b"", time.monotonic() + 30
        while shown.count(b"sorted by loss") < 2 and time.monotonic() < end:
            os.write(terminal, b"l")
            shown += self.read_some(terminal)
        os.write(terminal, b"q")
        while not shown.endswith(b"\033[?1049l") and time.monotonic() < end:
            shown += self.read_some(terminal)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(terminal)
        self.assertTrue(shown.endswith(b"\033[?25h\033[?1049l"), shown[-100:])
        last = shown.split(b"\033[H")[-1].decode().split("\033[?25h")[0].split("\033[J")[0]
        lines = re.sub(r"\033\[[0-9;]*[A-Za-z]|\r", "", last).rstrip("\n").split("\n")
        self.assertEqual(len(lines), 7)  # and one with the keys
        self.assertIn("sorted by loss", lines[2])
        self.assertEqual(max(map(len, lines)), 40)

    @staticmethod
    def read_some(terminal):
        ready, _, _ = select.select([terminal], [], [], 0.5)
        try:
            return os.read(terminal, 65536) if ready else b""
        except OSError:  # the program has ended
            return b""


if __name__ == "__main__":
    unittest.main()
