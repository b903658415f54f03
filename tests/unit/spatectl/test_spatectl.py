#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spatectl against two sockets that answer as the data plane and the control plane do.

usage: test_spatectl.py SPATECTL
"""
import array
import base64
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SPATECTL = sys.argv.pop(1)
ABI_VERSION = 9
COUNTERS, DROPS = 30, 64
WORKER_SIZE, PORT_SIZE, TRANSPORT_SIZE, PRODUCER_SIZE, CONSUMER_SIZE = 2368, 1280, 96, 192, 168
NOTICES, NOTICE_SIZE = 2, 256
NO_MBUF, UNKNOWN_TUPLE = "no_mbuf", "unknown_tuple"
EVENTS_LOST_AT = 136  # in the header


def monotonic_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class DataPlane:
    """A statistics memfd, and the socket that hands it out."""

    def __init__(self, run_dir, workers=1, transports=4, connected=1, mbuf_free=9000):
        self.workers = workers
        self.growing = set()  # indexes of counters
        offset = 192
        offsets = []
        for count, size in ((workers, WORKER_SIZE), (1, PORT_SIZE), (transports, TRANSPORT_SIZE),
                            (2, PRODUCER_SIZE), (2, CONSUMER_SIZE), (NOTICES, NOTICE_SIZE)):
            offsets.append(offset)
            offset += count * size
        self.worker_at, self.port_at, self.transport_at = offsets[:3]
        self.producer_at, self.consumer_at = offsets[3:5]
        self.notice_at = offsets[5]
        self.fd = os.memfd_create("stats", os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, offset)
        head = struct.pack("<IIQQQII", 0x53544154, 10, 0xabcdef, time.time_ns() - 3700 * 10**9,
                           monotonic_ns(), connected, workers)
        head += struct.pack("<4I", transports, 2, 2, 1)
        head += struct.pack("<5I", *offsets[:5])
        head += struct.pack("<5I", WORKER_SIZE, PORT_SIZE, TRANSPORT_SIZE, PRODUCER_SIZE, CONSUMER_SIZE)
        head += struct.pack("<2I3I3I", 10000, mbuf_free, 1, 1, 1, NOTICES, self.notice_at, NOTICE_SIZE)
        os.pwrite(self.fd, head, 0)
        for i in range(workers):
            os.pwrite(self.fd, struct.pack("<6I", i, 20000 + i, 1, 1, 1, 1),
                      self.worker_at + i * WORKER_SIZE + 8 * (COUNTERS + DROPS))
        self.set_port()
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.bind(run_dir + "/dataplane.sock")
        self.sock.listen()
        self.running = True
        threading.Thread(target=self.serve, daemon=True).start()
        threading.Thread(target=self.turn, daemon=True).start()

    def set_counter(self, worker, index, value):
        os.pwrite(self.fd, struct.pack("<Q", value), self.worker_at + worker * WORKER_SIZE + 8 * index)

    def set_port(self, link=1, missed=0, nombuf=0, node=-1, offloads=0, steering=5, rules=0, reason=b"", crc=0):
        port = struct.pack("<64s32s6sHIII4x", b"net_tap0", b"net_tap", b"\2\0\0\0\0\7", 0, self.workers, link, 10000)
        port += struct.pack("<8Q", 1000, 2**60 + 1, missed, 3, nombuf, 2000, 300000, 4)
        port += struct.pack("<i4HIII96s", node, 1500, 2, 512, 256, offloads, steering, rules, reason)
        for family, ip, bits in ((4, "10.99.0.2", 24), (6, "fd99::2", 64)):
            ip = socket.inet_pton(socket.AF_INET if family == 4 else socket.AF_INET6, ip)
            port += struct.pack("<16sBB6x", ip, family, bits)
        port = port.ljust(496, b"\0") + struct.pack("<II40sQ40sQ", 2, 0, b"rx_crc_errors", crc, b"rx_dropped", 0)
        os.pwrite(self.fd, port, self.port_at)

    def set_notice(self, slot, text):
        os.pwrite(self.fd, text.encode(), self.notice_at + slot * NOTICE_SIZE)

    def set_latency(self, worker, buckets, sum_ns, max_ns, word=102):
        """`buckets`: {index: packets}; so many words stand before them in a worker's page."""
        for index, value in buckets.items():
            self.set_counter(worker, word + index, value)
        self.set_counter(worker, word + 82, sum_ns)
        self.set_counter(worker, word + 83, max_ns)

    def set_transport(self, slot, ident, state=3, age=2, unproven=0):
        now = monotonic_ns()
        body = struct.pack("<Q4I16sHBB4x6Q", ident, 0, state, 7, 1, socket.inet_aton("192.0.2.9"), 4321, 4, unproven,
                           100, 10000, 200, 20000, now - age * 10**9 if age else 0, 2500000)
        os.pwrite(self.fd, body, self.transport_at + slot * TRANSPORT_SIZE)

    def set_producer(self, slot, ident, bitrate, plis):
        body = struct.pack("<2Q2I5Q2Q3Q", ident, 0xa0, 1, 2, 0, 0, 0, 0, 0, 0, plis, 0, 0, 0)
        body += struct.pack("<Q", bitrate)
        os.pwrite(self.fd, body, self.producer_at + slot * PRODUCER_SIZE)

    def set_consumer(self, slot, ident, sent, before, dropped, after, repaired, paused=0, waiting=0, rtt_us=34500):
        """`dropped`: by enum sh_loss."""
        body = struct.pack("<3Q2I", ident, 0xa1, 0xb1, 1000, 1001)
        body += struct.pack("<10Q2I", sent, 5 * 10**6, before + after, 0, 12, 2, 9, 0, rtt_us, 1500000, paused,
                            waiting)
        body += struct.pack("<4I8I", before, after, repaired, 0, *dropped)
        os.pwrite(self.fd, body, self.consumer_at + slot * CONSUMER_SIZE)

    def turn(self):
        """The agent ticks, worker loops turn, and what grows grows."""
        n = 0
        while self.running:
            n += 10
            os.pwrite(self.fd, struct.pack("<Q", monotonic_ns()), 24)
            for worker in range(self.workers):
                for index in (0, 1, 4):
                    self.set_counter(worker, index, n)
                for index in self.growing:
                    self.set_counter(worker, index, n)
            time.sleep(0.01)

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            hello = conn.recv(64)
            if not hello:  # ended by a test meanwhile
                conn.close()
                continue
            assert struct.unpack("<III", hello[:12]) == (0x45544150, ABI_VERSION, 2), hello
            reply = struct.pack("<IIiI", 0x45544150, ABI_VERSION, 0, self.workers).ljust(832, b"\0")
            try:
                conn.sendmsg([reply], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [self.fd]))])
            except BrokenPipeError:
                pass
            conn.close()

    def close(self):
        self.running = False
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class ControlPlane:
    def __init__(self, run_dir, answers):
        self.answers = answers
        self.requests = []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.makedirs(run_dir + "/control", exist_ok=True)
        self.sock.bind(run_dir + "/control/socket")
        self.sock.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            request = json.loads(conn.makefile().readline())
            self.requests.append(request)
            answer = self.answers.get(request["cmd"], {"ok": False, "error": "unknown command"})
            text = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n"
            try:
                for at in range(0, len(text), 1000):  # in pieces, as a stream may
                    conn.sendall(text[at:at + 1000])
            except BrokenPipeError:
                pass
            conn.close()

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


STATUS = {"ok": True, "version": "0.1.0", "uptime_s": 75, "dataplane": "connected", "rooms": 2, "peers": 3,
          "transports": 1, "producers": 1, "consumers": 1,
          "workers": [{"worker": 0, "transports": 1, "consumers": 1, "load": 12500, "busy_percent": 2.5,
                       "overloaded": False}]}
ROOMS = {"ok": True, "rooms": [{"name": "default", "state": "open", "peers": 3, "hosts": 1, "transports": 4, "producers": 2,
                                "consumers": 4},
                               {"name": "late", "state": "grace", "closes_in_s": 7, "peers": 2, "hosts": 0,
                                "transports": 2, "producers": 0, "consumers": 0},
                               {"name": "a\nb \u202e", "peers": 1, "transports": 0, "producers": 0,
                                "consumers": 0}]}
TRANSPORTS = {"ok": True, "transports": [{"id": "pub-1", "dp_id": "00000000000000a1", "room": "default",
                                          "peer": "alice", "purpose": "recv", "state": "connected"}]}


class OnPlanes(unittest.TestCase):
    """A test that may have either process; other files of this folder use it, too."""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="spate-test-", dir=".")
        self.addCleanup(self.dir.cleanup)

    def data(self, **options):
        plane = DataPlane(self.dir.name, **options)
        self.addCleanup(plane.close)
        return plane

    def control(self, **answers):
        plane = ControlPlane(self.dir.name, {"status": STATUS, "rooms": ROOMS, "transports": TRANSPORTS} | answers)
        self.addCleanup(plane.close)
        return plane

    def run_ctl(self, *args, code=0):
        done = subprocess.run([SPATECTL, "--run-dir", self.dir.name, *args], capture_output=True, text=True,
                              timeout=20, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def control_again(self, **answers):
        if os.path.exists(self.dir.name + "/control/socket"):
            os.unlink(self.dir.name + "/control/socket")
        return self.control(**answers)


class Spatectl(OnPlanes):
    def test_usage(self):
        for args in ([], ["nonsense"], ["status", "rooms"], ["--nonsense", "status"]):
            self.run_ctl(*args, code=2)
        self.assertIn("usage: spatectl", self.run_ctl("--help")[0])
        self.assertRegex(self.run_ctl("--version")[0], r"^spatectl \d+\.\d+")

    def test_config(self):
        name = self.dir.name + "/config.json"
        with open(name, "w", encoding="utf-8") as f:
            json.dump({"run_dir": os.path.abspath(self.dir.name)}, f)
        self.data()
        done = subprocess.run([SPATECTL, "--config", name, "stats"], capture_output=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(name, "w", encoding="utf-8") as f:
            json.dump({"run_dir": 3}, f)
        self.assertIn("run_dir: must be text", self.run_ctl("--config", name, "stats", code=2)[1])

    def test_nothing_runs(self):
        out, _ = self.run_ctl("status", code=3)
        self.assertIn("PROBLEM  the data plane is not running", out)
        self.assertIn("PROBLEM  the control plane is not running", out)
        status = json.loads(self.run_ctl("status", "--json", code=3)[0])
        self.assertFalse(status["well"])
        self.assertFalse(status["dataplane"]["running"])
        self.assertFalse(status["controlplane"]["running"])
        self.assertIn("the data plane is not running", self.run_ctl("stats", code=3)[1])
        self.assertIn("the data plane is not running", self.run_ctl("transports", code=3)[1])
        self.assertIn("the control plane is not running", self.run_ctl("rooms", code=4)[1])
        self.assertIn("the control plane is not running", self.run_ctl("room", "close", "default", code=4)[1])

    def test_all_is_well(self):
        plane = self.data(workers=2)
        self.control()
        out, _ = self.run_ctl("status")
        self.assertIn("all is well", out)
        self.assertIn("control plane connected", out)
        self.assertIn("up 1 h 1 min", out)
        self.assertIn("up 1 min 15 s, version 0.1.0, data plane connected", out)
        self.assertIn("9000 of 10000 packet buffers free", out)
        self.assertRegex(out, r"(?m)^ +1 +20001 +1 +ipsec-mb ")
        self.assertRegex(out, r"(?m)^ +0 .* 12\.5 k$")
        self.assertRegex(out, r"(?m)^ +1 .* -$")
        self.assertRegex(out, r"(?m)^net_tap0 +net_tap +10000 Mb/s ")
        self.assertIn("no drop counter is growing", out)
        self.assertLessEqual(max(map(len, out.splitlines())), 120)
        status = json.loads(self.run_ctl("status", "--json")[0])
        self.assertTrue(status["well"])
        self.assertGreater(status["dataplane"]["workers"][1]["rx_packets_per_s"], 100)
        self.assertEqual(status["controlplane"]["peers"], 3)
        self.assertEqual(status["dataplane"]["events_lost"], 0)
        os.pwrite(plane.fd, struct.pack("<Q", 7), EVENTS_LOST_AT)
        self.assertEqual(json.loads(self.run_ctl("status", "--json")[0])["dataplane"]["events_lost"], 7)
        self.assertNotIn("ok", status["controlplane"])

    def test_problems(self):
        names = json.loads(self.with_stats())["workers"][0]["drops"]
        plane = self.plane
        plane.growing = {COUNTERS + list(names).index(NO_MBUF), COUNTERS + list(names).index(UNKNOWN_TUPLE)}
        self.control(status=STATUS | {"dataplane": "away"})
        out, _ = self.run_ctl("status", code=1)
        self.assertIn("PROBLEM  the control plane is not connected to the data plane", out)
        self.assertIn("PROBLEM  the data plane has no control plane", out)
        self.assertIn("PROBLEM  packet buffers run out: 999 of 10000", out)
        self.assertRegex(out, r"PROBLEM  dropping .* packets a second \(no_mbuf\)")
        self.assertNotRegex(out, r"PROBLEM .*unknown_tuple")
        self.assertRegex(out, r"(?m)^unknown_tuple +0 .* from an address that belongs to no transport$")

    def test_nobody_can_join(self):
        self.data()
        self.control(status=STATUS | {"unready": [
            {"code": "dataplane-stalled", "message": "has its own line"},
            {"code": "transports-full", "message": "the table of transports is full"}]})
        out, _ = self.run_ctl("status", code=1)
        self.assertIn("PROBLEM  nobody can join: the table of transports is full", out)
        self.assertNotIn("has its own line", out)

    def test_overloaded_worker(self):
        self.data()
        self.control(status=STATUS | {"workers": [STATUS["workers"][0] | {"overloaded": True}]})
        self.assertIn("PROBLEM  worker 0 is overloaded", self.run_ctl("status", code=1)[0])

    def with_stats(self):
        self.plane = self.data(connected=0, mbuf_free=999)
        return self.run_ctl("stats", "--json")[0]

    def test_viewer(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        plane.set_consumer(1, 0xc1, 9800, 100, [70, 0, 0, 5, 0, 0, 25, 0], 40, 30)
        consumer = {"id": "con-1", "dp_id": "00000000000000c1", "producer": "pro-1", "kind": "video",
                    "mime": "video/VP8", "paused": False, "score": 9, "priority": 1,
                    "currentLayers": {"spatialLayer": 1, "temporalLayer": 2},
                    "targetLayers": {"spatialLayer": 2, "temporalLayer": 2},
                    "preferredLayers": {"spatialLayer": None, "temporalLayer": None}}
        gone = {"id": "con-2", "dp_id": "00000000000000c2", "mime": "audio/opus", "score": 10}
        control = self.control(viewer={"ok": True, "room": "default", "peer": "bob", "transports": [
            {"id": "sub-1", "dp_id": "00000000000000a1", "consumers": [consumer, gone]}]})
        out, _ = self.run_ctl("viewer", "bob")
        self.assertEqual(control.requests, [{"cmd": "viewer", "id": "bob"}])
        self.assertIn("peer bob in room default\n", out)
        self.assertRegex(out, r"transport sub-1: media, address 192.0.2.9:4321, heard 2\.\d s ago, can take 2.50 Mbit/s")
        self.assertIn("consumer con-1: video/VP8, 1.50 Mbit/s, round trip 34.5 ms, score 9, layers 1/2, target 2/2, "
                      "preferred any\n", out)
        for line in (r"packets due +10000", r"lost before the server +100 +1\.00 %",
                     r"dropped by the server +100 +1\.00 % \(tx_age 70, too_long 5, no_consent 25\)",
                     r"sent +9800 +98\.00 %", r"lost behind the server +40 +0\.40 % +\(repaired 30, not repaired 10\)",
                     r"retransmitted +9  for 12 NACKs; 2 requests for key frames"):
            self.assertRegex(out, rf"(?m)^    {line}$")
        self.assertRegex(out, r"consumer con-2: audio/opus, 0")
        both = json.loads(self.run_ctl("viewer", "bob", "--json")[0])
        shown = both["transports"][0]["consumers"][0]
        self.assertEqual(shown["loss"], {"beforeServer": 100, "afterServer": 40, "repaired": 30, "unrepaired": 10,
                                         "droppedByServer": {"tx_age": 70, "too_long": 5, "no_consent": 25}})
        self.assertEqual(both["transports"][0]["available_bps"], 2500000)
        self.assertTrue(both["transports"][0]["proven"])
        self.run_ctl("viewer", code=2)
        control.answers["viewer"] = {"ok": False, "error": "id: no peer, transport, producer or consumer has it"}
        self.assertIn("no peer, transport, producer or consumer", self.run_ctl("viewer", "nobody", code=5)[1])

    def test_hung_data_plane(self):
        plane = self.data()
        plane.running = False
        time.sleep(0.05)
        os.pwrite(plane.fd, struct.pack("<Q", monotonic_ns() - 5 * 10**9), 24)
        self.control()
        out, _ = self.run_ctl("status", code=1)
        self.assertRegex(out, r"PROBLEM  the data plane's agent has not moved for [67]\.")
        self.assertIn("PROBLEM  worker 0 stands still", out)

    def test_full_table(self):
        self.data(transports=1)
        self.control()
        self.assertIn("the table of transports is nearly full: 1 of 1; raise limits.transports",
                      self.run_ctl("status", code=1)[0])

    def test_ports(self):
        plane = self.data(workers=2)
        plane.set_port(node=1, offloads=18, steering=3, rules=4, reason=b"IPv6 rules: validate: no such match", crc=7)
        plane.set_notice(1, "CPU 3: not isolated")
        out, _ = self.run_ctl("ports")
        self.assertRegex(out, r"(?m)^net_tap0 +net_tap +1 +02:00:00:00:00:07 +10000 Mb/s +1500 +2 +512 +256$")
        self.assertRegex(out, rf"(?m)^net_tap0 +1000 +{2**60 + 1} +0 +3 +0 +2000 +300000 +4$")
        for line in ("  addresses  10.99.0.2/24 fd99::2/64",
                     "  steering   flow rules, partly, 4 rules (IPv6 rules: validate: no such match)",
                     "  offloads   rx-udp-checksum fast-free", "  rx_crc_errors 7", "NOTE     CPU 3: not isolated"):
            self.assertIn(line + "\n", out)
        self.assertNotIn("rx_dropped", out)
        self.assertIn("rx_dropped 0", self.run_ctl("ports", "--all")[0])
        both = json.loads(self.run_ctl("ports", "--json")[0])
        self.assertEqual(both["notices"], ["CPU 3: not isolated"])
        self.assertEqual(both["ports"], [{
            "name": "net_tap0", "driver": "net_tap", "numa_node": 1, "mac": "02:00:00:00:00:07", "mtu": 1500,
            "link_up": True, "link_mbps": 10000, "queues": 2, "rx_descriptors": 512, "tx_descriptors": 256,
            "steering": "flow rules, partly", "flow_rules": 4,
            "steering_reason": "IPv6 rules: validate: no such match", "addresses": ["10.99.0.2/24", "fd99::2/64"],
            "offloads": ["rx-udp-checksum", "fast-free"], "driver_counters": {"rx_crc_errors": 7, "rx_dropped": 0},
            "rx_packets": 1000, "rx_bytes": 2**60 + 1, "rx_missed": 0, "rx_errors": 3, "rx_nombuf": 0,
            "tx_packets": 2000, "tx_bytes": 300000, "tx_errors": 4}])
        plane.set_port(link=0)
        out, _ = self.run_ctl("ports")
        self.assertRegex(out, r"(?m)^net_tap0 +net_tap +- +02:00:00:00:00:07 +DOWN ")
        self.assertIn("  steering   hand-off\n  offloads   none\n", out)

    def test_port_problems(self):
        plane = self.data()
        self.control()
        plane.set_notice(0, "CPU 3: not isolated")
        out, _ = self.run_ctl("status")  # worth a note, no reason to wake anybody
        self.assertIn("all is well\nNOTE     CPU 3: not isolated\n", out)
        threading.Timer(0.3, plane.set_port, kwargs={"link": 0, "missed": 5, "nombuf": 6}).start()
        out, _ = self.run_ctl("status", code=1)
        self.assertIn("PROBLEM  port net_tap0: the link is down", out)
        self.assertRegex(out, r"PROBLEM  port net_tap0: packets are lost before a worker sees them \(5 in the last "
                              r"second\); the busiest worker is \d+ % busy")
        self.assertIn("PROBLEM  port net_tap0: no packet buffer to receive into (6 times in the last second): raise "
                      "dataplane.mbufs", out)
        self.assertEqual(json.loads(self.run_ctl("status", "--json", code=1)[0])["dataplane"]["notices"],
                         ["CPU 3: not isolated"])

    def test_rooms(self):
        self.control()
        out, _ = self.run_ctl("rooms")
        lines = out.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[0].split(),
                         ["ROOM", "STATE", "PEERS", "HOSTS", "TRANSPORTS", "PRODUCERS", "CONSUMERS"])
        self.assertEqual(lines[1].split(), ["default", "open", "3", "1", "4", "2", "4"])
        self.assertEqual(lines[2].split(), ["late", "grace", "7", "s", "2", "0", "2", "0", "0"])
        self.assertTrue(lines[3].startswith('"a\\x0ab \\xe2\\x80\\xae" '))
        self.assertEqual(lines[3].split()[2:], ["-", "1", "-", "0", "0", "0"])
        self.assertEqual(json.loads(self.run_ctl("rooms", "--json")[0]), {"rooms": ROOMS["rooms"]})

    def test_long_texts_are_printed_whole(self):
        name = "n" * 255
        self.control(rooms={"ok": True, "rooms": [{"name": name}]})

        self.assertEqual(self.run_ctl("rooms")[0].splitlines()[1].split()[0], name)
        self.control_again(rooms={"ok": False, "error": "a reason " * 12 + "and its end"})
        self.assertIn("and its end", self.run_ctl("rooms", code=4)[1])

    def test_room_close(self):
        plane = self.control(**{"room-close": {"ok": True}})
        out, err = self.run_ctl("room", "close", "my-room")
        self.assertEqual((out, err), ("room my-room is closing\n", ""))
        self.assertEqual(plane.requests, [{"cmd": "room-close", "room": "my-room"}])
        out, _ = self.run_ctl("room", "close", "--json", "my-room")
        self.assertEqual(json.loads(out), {"closing": "my-room"})
        self.run_ctl("room", "close", 'a"b\n')
        self.assertEqual(plane.requests[2]["room"], 'a"b\n')
        self.run_ctl("--", "room", "close", "-x")
        self.assertEqual(plane.requests[3]["room"], "-x")

    def test_room_close_refused(self):
        plane = self.control(**{"room-close": {"ok": False, "error": "room: there is none of that name"}})
        out, err = self.run_ctl("room", "close", "nowhere", code=5)
        self.assertEqual(out, "")
        self.assertIn("the control plane refuses: ", err)
        self.assertIn("room: there is none of that name", err)
        self.assertEqual(len(plane.requests), 1)
        self.control_again(**{"room-close": b"not json\n"})
        self.assertIn("not understood", self.run_ctl("room", "close", "nowhere", code=5)[1])

    def test_reload(self):
        answer = {"changed": ["log.level"], "needs_restart": ["http.port"], "failed": []}
        plane = self.control(reload={"ok": True} | answer)
        self.assertEqual(self.run_ctl("reload"), ("changed       log.level\nneeds restart http.port\n", ""))
        self.assertEqual(json.loads(self.run_ctl("reload", "--json")[0]), answer)
        plane.answers["reload"] = {"ok": True, "changed": [], "needs_restart": [], "failed": ["tls: no such file"]}
        self.assertEqual(self.run_ctl("reload", code=5)[0], "failed        tls: no such file\n")
        plane.answers["reload"] = {"ok": True, "changed": [], "needs_restart": [], "failed": []}
        self.assertEqual(self.run_ctl("reload")[0], "nothing has changed\n")
        plane.answers["reload"] = {"ok": False, "error": "spate.json: not JSON in line 3"}
        self.assertIn("not JSON in line 3", self.run_ctl("reload", code=5)[1])
        for args in (["reload", "now"], ["--watch", "reload"], ["reload", "--wait"]):
            self.run_ctl(*args, code=2)

    def test_drain(self):
        draining = {"state": "draining", "deadline_s": 60, "viewers": 7, "moved": 2, "refused": 3}
        plane = self.control(drain={"ok": True, "drain": draining}, undrain={"ok": True, "peers": 9})
        self.assertEqual(self.run_ctl("drain"), ("draining: 7 viewers, 60 s left\n", ""))
        self.run_ctl("drain", "--deadline", "604800")
        self.assertEqual(plane.requests, [{"cmd": "drain"}, {"cmd": "drain", "deadline_s": 604800}])
        self.assertEqual(json.loads(self.run_ctl("--json", "drain")[0]), draining)
        self.assertEqual(self.run_ctl("undrain"), ("clients can join again; 9 peers have stayed\n", ""))
        self.assertEqual(json.loads(self.run_ctl("undrain", "--json")[0]), {"peers": 9})
        self.data()
        plane.answers["status"] = STATUS | {"drain": draining}
        self.assertRegex(self.run_ctl("status")[0],
                         r"\ndrain +draining: 7 viewers, 60 s left, 2 moved, 3 not let in\n")
        self.assertEqual(json.loads(self.run_ctl("status", "--json")[0])["controlplane"]["drain"], draining)

    def test_upgrade(self):
        plane = self.control(upgrade={"ok": True, "upgrade": {"state": "running"}})
        plane.answers["status"] = STATUS | {"upgrade": {"state": "done", "ms": 285, "lost": 2}}
        self.assertEqual(self.run_ctl("upgrade", "dataplane"),
                         ("another data plane goes on since 285 ms after the command; "
                          "2 transports are negotiated anew\n", ""))
        self.assertEqual(plane.requests[0], {"cmd": "upgrade", "what": "dataplane"})
        self.assertEqual(json.loads(self.run_ctl("--json", "upgrade", "dataplane")[0]),
                         {"state": "done", "ms": 285, "lost": 2})
        plane.answers["status"] = STATUS | {"upgrade": {"state": "lost", "ms": 9, "lost": 0, "reason": "gone"}}
        self.assertEqual(self.run_ctl("upgrade", "dataplane", code=5), ("", "spatectl: upgrade: gone\n"))
        plane.answers["upgrade"] = {"ok": False, "error": "a worker hangs"}
        self.assertIn("a worker hangs", self.run_ctl("upgrade", "dataplane", code=5)[1])
        self.assertIn("it is upgrade, or upgrade dataplane", self.run_ctl("upgrade", "controlplane", code=2)[1])
        self.assertIn("it is upgrade, or upgrade dataplane", self.run_ctl("upgrade", "dataplane", "now", code=2)[1])
        self.assertEqual(len([r for r in plane.requests if r["cmd"] == "upgrade"]), 4)

    def test_upgrade_of_both(self):
        """Another control plane answers in the end, and nobody does between the two."""
        plane = self.control(upgrade={"ok": True, "upgrade": {"state": "running", "what": "both"}})
        plane.answers["status"] = STATUS | {"upgrade": {"state": "running", "what": "both"}}
        replaced = []

        def replace():
            while not any(r["cmd"] == "status" for r in plane.requests):
                time.sleep(0.01)
            os.unlink(self.dir.name + "/control/socket")
            time.sleep(0.3)
            replaced.append(self.control_again(status=STATUS | {"upgrade": {"state": "done", "ms": 500, "lost": 0}}))

        thread = threading.Thread(target=replace)
        thread.start()
        said = self.run_ctl("upgrade")
        thread.join()
        self.assertEqual(said, ("another data plane and another control plane go on since 500 ms after the command; "
                                "0 transports are negotiated anew\n", ""))
        self.assertEqual(plane.requests[0], {"cmd": "upgrade", "what": "both"})
        replaced[0].answers["upgrade"] = {"ok": False, "error": "no data plane is connected"}
        self.assertIn("no data plane is connected", self.run_ctl("upgrade", code=5)[1])

    def test_drain_waits(self):
        plane = self.control(drain={"ok": True, "drain": {"state": "draining", "deadline_s": 9, "viewers": 1}})
        plane.answers["status"] = STATUS | {"drain": {"state": "drained", "deadline_s": 0, "viewers": 0}}
        self.assertEqual(self.run_ctl("drain", "--wait"),
                         ("draining: 1 viewers, 9 s left\ndrained: 0 viewers, 0 s left\n", ""))
        self.assertEqual(json.loads(self.run_ctl("drain", "--wait", "--json")[0])["state"], "drained")
        plane.answers["status"] = STATUS  # somebody else has said undrain
        self.assertIn("drain: it was cancelled", self.run_ctl("drain", "--wait", code=5)[1])

    def test_drain_usage(self):
        plane = self.control(undrain={"ok": False, "error": "undrain: this node is not being drained"})
        for deadline in ("0", "-1", "604801", "31536000", "99999999999999999999", "5s", "", "1.5"):
            self.assertIn("no whole number of seconds from 1 to 604800 (a week)",
                          self.run_ctl("drain", "--deadline", deadline, code=2)[1])
        for args in (["drain", "now"], ["undrain", "now"], ["--watch", "drain"], ["undrain", "--deadline", "5"],
                     ["status", "--wait"], ["drain", "--deadline"]):
            self.assertRegex(self.run_ctl(*args, code=2)[1], r"spatectl: ")
        self.assertEqual(plane.requests, [])
        self.assertIn("this node is not being drained", self.run_ctl("undrain", code=5)[1])
        self.control_again(drain=b"not json\n")
        self.assertIn("not understood", self.run_ctl("drain", code=5)[1])

    def test_capture_usage(self):
        out = self.dir.name + "/out.pcapng"
        for args in (["capture"], ["capture", "-w", out], ["capture", "--viewer", "a", "--port", "20000", "-w", out],
                     ["capture", "--viewer", "a"], ["capture", "now", "--viewer", "a", "-w", out],
                     ["capture", "--port", "0", "-w", out], ["capture", "--port", "65536", "-w", out],
                     ["capture", "--seconds", "0", "--viewer", "a", "-w", out], ["capture", "-w"],
                     ["--watch", "capture", "--viewer", "a", "-w", out], ["status", "--viewer", "a"],
                     ["viewer", "a", "--decrypted"]):
            self.assertRegex(self.run_ctl(*args, code=2)[1], r"spatectl: ")
        self.assertFalse(os.path.exists(out))
        self.assertIn("control plane is not running", self.run_ctl("capture", "--viewer", "a", "-w", out, code=4)[1])
        err = self.run_ctl("capture", "--viewer", "00000000000000a1", "-w", out, code=3)[1]
        self.assertIn("data plane is not running", err)
        self.assertFalse(os.path.exists(out))

    def test_capture_asks_the_control_plane_who_that_is(self):
        control = self.control(viewer={"ok": True, "room": "r", "peer": "p", "transports": [
            {"id": "t1", "dp_id": "00000000000000a1", "consumers": []},
            {"id": "t2", "dp_id": "00000000000000a2", "consumers": [{"id": "c"}]}]})
        out = self.dir.name + "/out.pcapng"
        self.run_ctl("capture", "--viewer", "p", "-w", out, code=3)
        self.assertEqual(control.requests, [{"cmd": "viewer", "id": "p"}])
        control.answers["viewer"] = {"ok": False, "error": "id: nobody has it"}
        self.assertIn("nobody has it", self.run_ctl("capture", "--producer", "x", "-w", out, code=5)[1])

    def test_room_close_usage(self):
        plane = self.control()
        for args in (["room"], ["room", "close"], ["room", "close", "a", "b"], ["room", "open", "a"],
                     ["--watch", "room", "close", "a"], ["room", "close", ""], ["room", "close", "x" * 256]):
            self.assertRegex(self.run_ctl(*args, code=2)[1], r"^spatectl: ")
        self.assertEqual(plane.requests, [])
        self.assertIn("room close NAME", self.run_ctl("room", code=2)[1])
        self.assertIn("room close NAME", self.run_ctl("--help")[0])

    def test_peer_close(self):
        plane = self.control(**{"peer-close": {"ok": True}})
        out, err = self.run_ctl("peer", "close", "5f0e-1")
        self.assertEqual((out, err), ("peer 5f0e-1 is closing\n", ""))
        self.assertEqual(plane.requests, [{"cmd": "peer-close", "peer": "5f0e-1"}])
        self.assertEqual(json.loads(self.run_ctl("peer", "close", "--json", "5f0e-1")[0]), {"closing": "5f0e-1"})
        for args in (["peer"], ["peer", "close"], ["peer", "close", "a", "b"], ["peer", "kick", "a"], ["peer", "close", ""],
                     ["--watch", "peer", "close", "a"]):
            self.assertRegex(self.run_ctl(*args, code=2)[1], r"^spatectl: ")
        self.assertIn("peer close PEER", self.run_ctl("peer", code=2)[1])
        self.assertIn("peer close PEER", self.run_ctl("--help")[0])
        self.assertEqual(len(plane.requests), 2)
        self.control_again(**{"peer-close": {"ok": False, "error": "peer: there is none with that id"}})
        self.assertIn("there is none with that id", self.run_ctl("peer", "close", "x", code=5)[1])

    MADE = {"ok": True, "id": "t-1", "room": "r", "purpose": "produce", "address": "192.0.2.2", "port": 20003,
            "remote_is": "learnt", "producer": "p-1", "kind": "video", "codec": "H264", "clock_rate": 90000,
            "payload_type": 97, "ssrc": 4000000000, "suite": "AEAD_AES_128_GCM",
            "srtp": {"suite": "AEAD_AES_128_GCM", "receive_key": "theirs", "send_key": "ours"}}

    def test_plain_produce(self):
        plane = self.control(**{"plain-produce": self.MADE})
        key = self.dir.name + "/key"
        with open(key, "w", encoding="utf8") as f:
            f.write("c2VjcmV0\n")
        out, err = self.run_ctl("plain", "produce", "r", "H264", "from=192.0.2.9:5004", "mac=02:00:00:00:00:01", "vlan=7",
                                "port=20003", "idle=30", "pt=97", "ssrc=0xee6b2800", "rtx-pt=98", "rtx-ssrc=5",
                                "profile=4d0032", "nack", "pli", "fir", "srtp=AEAD_AES_128_GCM", "key-file=" + key)
        self.assertEqual(err, "")
        self.assertEqual(plane.requests, [{
            "cmd": "plain-produce", "room": "r", "codec": "H264", "remote": "192.0.2.9:5004", "mac": "02:00:00:00:00:01",
            "vlan": 7, "port": 20003, "idle_s": 30, "payload_type": 97, "ssrc": 4000000000, "rtx_payload_type": 98,
            "rtx_ssrc": 5, "nack": True, "pli": True, "fir": True, "srtp": "AEAD_AES_128_GCM", "key": "c2VjcmV0",
            "parameters": {"packetization-mode": 1, "level-asymmetry-allowed": 1, "profile-level-id": "4d0032"}}])
        for line in ("id +t-1", "address +192.0.2.2", "port +20003", "payload type +97", "ssrc +4000000000",
                     "srtp +AEAD_AES_128_GCM", "their key +theirs", "our key +ours"):
            self.assertRegex(out, rf"(?m)^{line}$")
        made = json.loads(self.run_ctl("plain", "produce", "r", "opus", "--json")[0])
        self.assertEqual(made, {k: v for k, v in self.MADE.items() if k != "ok"})

    def test_plain_keys_are_printed_whole(self):
        for size in (28, 30, 44):  # AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM: key and salt
            theirs, ours = (base64.b64encode(os.urandom(size)).decode() for _ in range(2))
            self.control_again(**{"plain-produce": self.MADE | {"srtp": {
                "suite": "a suite", "receive_key": theirs, "send_key": ours}}})
            out, _ = self.run_ctl("plain", "produce", "r", "opus")
            self.assertEqual([line.split()[2] for line in out.splitlines() if " key " in line], [theirs, ours])
        self.control_again(**{"plain-produce": self.MADE | {"srtp": {"receive_key": "no\x1b[2Jkey", "send_key": "a b"}}})
        out, _ = self.run_ctl("plain", "produce", "r", "opus")
        self.assertIn('their key     "no\\x1b[2Jkey"\n', out)
        self.assertIn('our key       "a b"\n', out)

    def test_plain_others(self):
        plane = self.control(**{"plain-consume": self.MADE, "plain-close": {"ok": True},
                                "plain-list": {"ok": True, "plain": [self.MADE]}})
        self.run_ctl("plain", "consume", "r", "video", "to=192.0.2.9:5004", "rtx")
        self.run_ctl("plain", "consume", "r", "p-1")
        self.assertEqual(self.run_ctl("plain", "close", "t-1")[0], "closed\n")
        rows = [line.split() for line in self.run_ctl("plain", "list")[0].splitlines()]
        self.assertEqual(plane.requests, [
            {"cmd": "plain-consume", "room": "r", "kind": "video", "remote": "192.0.2.9:5004", "rtx": True},
            {"cmd": "plain-consume", "room": "r", "producer": "p-1"}, {"cmd": "plain-close", "id": "t-1"},
            {"cmd": "plain-list"}])
        self.assertEqual(rows[1], ["t-1", "r", "produce", "H264", "97", "4000000000", "192.0.2.2", "20003", "-", "learnt",
                                   "AEAD_AES_128_GCM"])

    def test_plain_usage(self):
        plane = self.control()
        for args in ([], ["what"], ["produce"], ["produce", "r"], ["consume", "r"], ["close"], ["close", "a", "b"],
                     ["list", "a"], ["produce", "r", "opus", "to=1.2.3.4:5"], ["consume", "r", "audio", "pli"],
                     ["produce", "r", "opus", "pt=x"], ["produce", "r", "opus", "pt="], ["produce", "r", "opus", "pt"],
                     ["produce", "r", "opus", "pt=-1"], ["produce", "r", "opus", "nack=1"], ["produce", "r", "opus", "x=1"],
                     ["produce", "r", "opus", "ssrc=4294967296"], ["produce", "r", "opus", "pt=1", "pt=2"]):
            self.assertRegex(self.run_ctl("plain", *args, code=2)[1], r"^spatectl: plain: .*spatectl plain help\n$")
        self.assertIn("No such file", self.run_ctl("plain", "produce", "r", "opus", "key-file=/nowhere", code=5)[1])
        self.assertEqual(plane.requests, [])
        self.assertIn("from=ADDRESS:PORT", self.run_ctl("plain", "help")[0])
        self.control_again(**{"plain-close": {"ok": False, "error": "id: there is no such plain transport"}})
        self.assertIn("no such plain transport", self.run_ctl("plain", "close", "x", code=5)[1])

    def test_many_rooms(self):
        many = {"ok": True, "rooms": [{"name": f"room-{i}", "peers": i} for i in range(5000)]}
        self.control(rooms=many)
        self.assertEqual(len(json.loads(self.run_ctl("rooms", "--json")[0])["rooms"]), 5000)

    def test_answers_that_are_wrong(self):
        self.control(rooms=b"not json\n")
        self.assertIn("refuses", self.run_ctl("rooms", code=4)[1])
        self.control_again(rooms=b'{"ok":true,"rooms":[')
        self.assertIn("cannot be asked", self.run_ctl("rooms", code=4)[1])
        self.control_again(rooms={"ok": False, "error": "no\nway"})
        self.assertIn('"no\\x0away"', self.run_ctl("rooms", code=4)[1])
        self.control_again(rooms={"ok": True})
        self.assertEqual(len(self.run_ctl("rooms")[0].splitlines()), 1)

    def test_transports(self):
        plane = self.data()
        plane.set_transport(1, 0xa1)
        plane.set_transport(3, 0xb2)
        self.control()
        rows = [line.split() for line in self.run_ctl("transports")[0].splitlines()]
        self.assertEqual(len(rows), 3)
        self.assertEqual(rows[1][:10], ["pub-1", "default", "alice", "recv", "media", "0", "192.0.2.9:4321",
                                        "AEAD_AES_128_GCM", "100", "200"])
        self.assertEqual(rows[2][:4], ["00000000000000b2", "-", "-", "-"])
        both = json.loads(self.run_ctl("transports", "--json")[0])["transports"]
        self.assertEqual(both[0]["peer"], "alice")
        self.assertEqual(both[0]["rx_bytes"], 10000)
        self.assertAlmostEqual(both[0]["consent_age_s"], 2, delta=1.5)
        self.assertEqual(both[1]["dp_id"], "00000000000000b2")

    def test_transports_without_names(self):
        self.data().set_transport(0, 0xa1)
        out, err = self.run_ctl("transports", code=4)
        self.assertIn("00000000000000a1", out)
        self.assertIn("rooms and peers are not known", err)

    def test_stats(self):
        plane = self.data(workers=2)
        plane.set_counter(0, COUNTERS + 23, 7)
        plane.set_counter(1, COUNTERS + 23, 2**60 + 1)
        out, _ = self.run_ctl("stats")
        self.assertRegex(out, r"(?m)^COUNTER +WORKER 0 +WORKER 1 +TOTAL$")
        self.assertRegex(out, rf"(?m)^drop \w+ +7 +{2**60 + 1} +{2**60 + 8}$")
        self.assertNotIn("pli_in", out)
        self.assertIn("pli_in", self.run_ctl("stats", "--all")[0])
        workers = json.loads(self.run_ctl("stats", "--json")[0])["workers"]
        self.assertEqual(list(workers[1]["drops"].values())[23], 2**60 + 1)
        self.assertEqual(workers[1]["udp_port"], 20001)
        self.assertEqual(workers[1]["pli_in"], 0)

    def test_stats_of_as_many_workers_as_there_may_be(self):
        plane = self.data(workers=64)
        for worker in range(64):
            plane.set_counter(worker, COUNTERS + 23, 100 + worker)
        out, _ = self.run_ctl("stats")
        tables = out.split("\n\n")
        self.assertEqual(len(tables), 8)
        self.assertRegex(tables[0], r"(?m)^COUNTER( +WORKER [0-7]){8}$")
        self.assertRegex(tables[0], r"(?m)^drop \w+( +10[0-7]){8}$")
        self.assertRegex(tables[7], r"(?m)^COUNTER( +WORKER \d\d){8} +TOTAL$")
        self.assertRegex(tables[7], rf"(?m)^drop \w+( +1\d\d){{8}} +{sum(range(100, 164))}$")
        self.assertLess(max(map(len, out.splitlines())), 140)
        self.assertEqual(len(json.loads(self.run_ctl("stats", "--json")[0])["workers"]), 64)
        self.assertRegex(self.run_ctl("status", code=4)[0], r"(?m)^ +63 +20063 ")

    def test_stats_latency(self):
        plane = self.data(workers=2)
        self.assertNotIn("rx to tx", self.run_ctl("stats")[0])
        plane.set_latency(0, {1: 990, 4: 9, 81: 1}, 5000000, 2 * 10**9)  # 1.0 .. 1.28, 1.8 .. 2.0 us, over a second
        plane.set_latency(1, {9: 1}, 5000, 5000)
        out, _ = self.run_ctl("stats")
        self.assertRegex(out, r"(?m)^rx to tx p50, us +1\.3 +5\.0 +1\.3$")
        self.assertRegex(out, r"(?m)^rx to tx p99, us +1\.3 +5\.0 +2\.0$")
        self.assertRegex(out, r"(?m)^rx to tx p99\.9, us +2\.0 +5\.0 +5\.1$")
        self.assertRegex(out, r"(?m)^rx to tx max, us +2000000\.0 +5\.0 +2000000\.0$")
        latency = [w["rx_to_tx"] for w in json.loads(self.run_ctl("stats", "--json")[0])["workers"]]
        self.assertEqual(latency[0], {"packets": 1000, "sum_us": 5000, "p50_us": 1.28, "p99_us": 1.28, "p999_us": 2.048,
                                      "max_us": 2000000})
        self.assertEqual(latency[1]["p50_us"], 5)

    def test_stats_pass_lateness(self):
        plane = self.data(workers=2)
        self.assertNotIn("pass lateness", self.run_ctl("stats")[0])
        plane.set_latency(1, {1: 990, 81: 10}, 5000000, 2 * 10**9, word=196)
        self.assertRegex(self.run_ctl("stats")[0], r"(?m)^pass lateness p50, us +- +1\.3 +1\.3$")
        late = [w["pass_lateness"] for w in json.loads(self.run_ctl("stats", "--json")[0])["workers"]]
        self.assertEqual((late[0]["passes"], late[1]["passes"], late[1]["max_us"]), (0, 1000, 2000000))

    def first_look(self, *args):
        """The first of what --watch prints: up to where the second one begins."""
        lines = []
        with subprocess.Popen([SPATECTL, "--run-dir", self.dir.name, "--watch", *args], stdout=subprocess.PIPE,
                              text=True) as ctl:
            for line in ctl.stdout:
                if lines and line == lines[0]:
                    break
                lines.append(line)
            ctl.terminate()
        return "".join(lines)

    def test_stats_latency_watched(self):
        plane = self.data(workers=2)
        plane.set_latency(0, {81: 10**9}, 5000000, 2 * 10**9)  # hours ago, over a second
        plane.growing = {102 + 9}  # and now 4.096 .. 5.12 us
        plane.set_latency(1, {2: 1}, 1500, 1500)
        out = self.first_look("stats", "--all")
        for name in ("p50", "p99", r"p99\.9", "max"):
            self.assertRegex(out, rf"(?m)^rx to tx {name}, us, last second +5\.1 ")
        self.assertRegex(self.run_ctl("stats")[0], r"(?m)^rx to tx p50, us +2000000\.0 ")

    def test_stats_latency_quiet_second(self):
        plane = self.data()
        plane.set_latency(0, {81: 1000}, 5000000, 2 * 10**9)
        self.assertRegex(self.first_look("stats"), r"(?m)^rx to tx p50, us, last second +-$")
        worker = json.loads(self.first_look("stats", "--json"))["workers"][0]
        self.assertEqual(worker["rx_to_tx"]["max_us"], 2000000)
        self.assertEqual(worker["rx_to_tx_last_second"], {"packets": 0, "sum_us": 0, "p50_us": 0, "p99_us": 0,
                                                          "p999_us": 0, "max_us": 0})


if __name__ == "__main__":
    unittest.main()
