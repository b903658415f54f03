#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spatectl doctor and configure on invented machines (machine.py): each finding at its fault.

usage: test_doctor.py SPATECTL
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from machine import Machine

SPATECTL = sys.argv.pop(1)
CONFIG = {"network": {"ports": [{"device": Machine.NIC, "addresses": ["203.0.113.10/24"]}]},
          "dataplane": {"workers": 2, "cores": [4, 5, 6], "hugepages": True, "mbufs": 262144}}
DROPS = """table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		tcp dport %s accept
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}"""


class OnMachine(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory(prefix="spate-test-")
        self.addCleanup(work.cleanup)
        self.work = work.name
        self.machine = Machine(self.work + "/root")
        self.rules("")
        self.config = json.loads(json.dumps(CONFIG))

    def file(self, name):
        return os.path.join(self.work, name)

    def rules(self, text, code=0):
        """What nft prints."""
        os.makedirs(self.file("bin"), exist_ok=True)
        with open(self.file("rules"), "w", encoding="utf-8") as f:
            f.write(text)
        with open(self.file("bin/nft"), "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\n/bin/cat {self.file('rules')}\nexit {code}\n")
        os.chmod(self.file("bin/nft"), 0o755)

    def run_ctl(self, *args, code=0):
        done = subprocess.run([SPATECTL, "--root", self.machine.root, *args], capture_output=True, text=True, timeout=20,
                              check=False, env={"PATH": self.file("bin")})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def doctor(self, *args, code=0):
        with open(self.file("spate.json"), "w", encoding="utf-8") as f:
            json.dump(self.config, f)
        return self.run_ctl("doctor", "--config", self.file("spate.json"), *args, code=code)[0]

    def finds(self, check, verdict, text, remedy=None):
        """The finding with that text is there, and says what to do if something is to be done."""
        told = json.loads(self.doctor("--json", code=1 if verdict == "fault" else 0))
        found = [f for f in told["findings"] if text in f["text"]]
        self.assertEqual([(f["check"], f["verdict"]) for f in found], [(check, verdict)], told)
        self.assertIn(remedy or "", found[0].get("remedy", ""))
        self.assertTrue(verdict == "ok" or check == "cores" or found[0]["remedy"], found)
        return told


class Doctor(OnMachine):
    def test_a_machine_that_is_ready(self):
        self.make_certificate()
        out = self.doctor()
        self.assertRegex(out, r"(?m)^\d+ ok, 0 warnings, 0 faults$")
        for line in ("ok       driver       0000:3b:00.0: vfio-pci", "ok       hugepages    node 1 has 4096 MiB, 4096 MiB free",
                     "ok       cores        each worker has one of its own", "ok       clock        synchronised",
                     "ok       announced    clients are told 203.0.113.10"):
            self.assertIn(line + "\n", out)
        told = json.loads(self.doctor("--json"))
        self.assertEqual((told["warnings"], told["faults"]), (0, 0))

    def test_a_trial_needs_nothing(self):
        self.config = {}
        self.machine.write("/sys/module/tun/refcnt", "1")
        told = json.loads(self.doctor("--json"))
        self.assertEqual(told["faults"], 0)
        self.assertEqual({f["check"] for f in told["findings"] if f["verdict"] == "warning"}, {"announced", "certificate"})

    def test_driver(self):
        self.machine.nic(Machine.NIC, "i40e")
        self.machine.interface("eth1", Machine.NIC)
        self.finds("driver", "fault", "the kernel's driver i40e has it, as interface eth1", "vfio-pci 0000:3b:00.0")
        self.machine.nic(Machine.NIC, None)
        self.finds("driver", "fault", "no driver has it", "driverctl set-override")
        self.machine.nic(Machine.NIC, "igb_uio")
        self.finds("driver", "warning", "igb_uio, which gives no protection")
        self.machine.nic(Machine.NIC, "mlx5_core")
        self.machine.remove("/sys/module/vfio_pci/refcnt")
        os.rmdir(self.machine.path("/sys/module/vfio_pci"))
        self.finds("driver", "ok", "mlx5_core")
        self.machine.nic(Machine.NIC, "vfio-pci")
        self.finds("modules", "fault", "vfio_pci is not loaded", "modprobe vfio_pci")
        self.config["network"]["ports"][0]["device"] = "0000:99:00.0"
        self.finds("driver", "fault", "0000:99:00.0: there is no such device", "lspci")

    def test_virtual_devices(self):
        port = self.config["network"]["ports"][0]
        port |= {"device": "net_af_packet0", "args": "qpairs=1,iface=eth7"}
        self.finds("driver", "fault", "there is no interface eth7", "ip link")
        port["device"] = "net_tap0"
        self.finds("modules", "fault", "tun is not loaded", "modprobe tun")
        self.machine.write("/dev/net/tun", "")
        self.finds("modules", "ok", "tun is loaded")

    def test_iommu(self):
        self.machine.nic("0000:3b:00.1", "i40e")
        self.finds("iommu", "fault", "shares an IOMMU group with 0000:3b:00.1, which the kernel's driver i40e has", "as well")
        self.machine.nic("0000:3b:00.1", "pcieport", device_class="0x060400")
        self.finds("iommu", "ok", "the IOMMU is on")
        os.rename(self.machine.path("/sys/kernel/iommu_groups"), self.machine.path("/sys/kernel/none"))
        self.finds("iommu", "warning", "off: vfio-pci works only in its unsafe mode", "intel_iommu=on")

    def test_slot_and_node(self):
        device = f"/sys/bus/pci/devices/{Machine.NIC}"
        self.machine.write(f"{device}/current_link_width", "4")
        self.finds("slot", "warning", "gives it 4 lanes of 8.0 GT/s PCIe; it can use 8", "slot")
        self.machine.write(f"{device}/numa_node", "-1")
        self.finds("numa", "warning", "on which of 2 nodes")

    def test_hugepages(self):
        self.machine.hugepages(1, 0, 0)
        self.finds("hugepages", "fault", "node 1 has workers and no hugepages", "hugepages=8")
        self.config["dataplane"]["mbufs"] = 2000000
        self.machine.hugepages(1, 4, 4)
        self.finds("hugepages", "fault", "node 1 has 4096 MiB, and dataplane.mbufs alone needs 4638 MiB")
        self.config["dataplane"]["mbufs"] = 262144
        self.machine.hugepages(1, 4, 0)
        self.finds("hugepages", "warning", "0 MiB are free and 608 MiB are needed, though no data plane runs")
        self.machine.write("/run/spate/dataplane.sock", "")
        self.finds("hugepages", "ok", "node 1 has 4096 MiB, 0 MiB free")
        self.machine.write("/proc/mounts", "proc /proc proc rw 0 0")
        self.finds("hugepages", "fault", "no hugetlbfs is mounted", "mount -t hugetlbfs")
        self.config["dataplane"]["hugepages"] = False
        self.finds("hugepages", "warning", "not used: 4 KiB pages")

    def test_cores(self):
        data = self.config["dataplane"]
        data["cores"] = [4, 5, 13]
        self.finds("cores", "warning", "share a core as its hyper-threads")
        data["cores"] = [4, 5, 5]
        self.finds("cores", "fault", "are both on CPU 5")
        data["cores"] = [4, 5, 99]
        self.finds("cores", "fault", "has CPU 99, which is not online")
        data["cores"] = [4, 5, 3]
        self.finds("cores", "warning", "is on NUMA node 1, the workers of CPU 3 are not")
        data["cores"] = []
        self.finds("cores", "warning", "workers float over all CPUs")
        data["cores"] = [4, 5, 6]
        self.machine.write("/sys/devices/system/cpu/isolated", "5,6")
        self.finds("cores", "warning", "CPU 13-14 are the hyper-threads beside workers", "chcpu -d 13-14")
        self.machine.write("/sys/devices/system/cpu/isolated", "")
        self.finds("cores", "warning", "CPU 5-6: not isolated")
        self.machine.write("/sys/devices/system/cpu/cpu5/cpufreq/scaling_governor", "powersave")
        self.finds("cores", "warning", "CPU 5: under the powersave governor")
        self.machine.write("/sys/devices/system/cpu/online", "5-6,13-14")
        data["cores"] = [13, 5, 6]
        self.finds("cores", "warning", "the control plane has only hyper-threads", "leave a core")
        self.machine.write("/sys/devices/system/cpu/online", "5-6")
        self.finds("cores", "fault", "no CPU is left for the control plane", "leave a core")

    def test_firewall(self):
        self.rules(DROPS % "22")
        self.finds("firewall", "fault", "no rule accepts TCP 3000", "tcp dport 3000 accept")
        for ports in ("3000", "{ 22, 3000 }", "2000-4000"):
            self.rules(DROPS % ports)
            self.finds("firewall", "ok", "TCP 3000 is let in by this machine; one in front must also let UDP 20000-20001 in")
        self.rules((DROPS % "22").replace("policy drop", "policy accept"))
        self.finds("firewall", "ok", "TCP 3000 is let in")
        self.rules("", code=1)
        self.finds("firewall", "warning", "nft list ruleset does not work", "as root")

    def test_announced(self):
        network = self.config["network"]
        for address in ("10.1.2.3", "172.20.0.1", "192.168.3.4", "100.64.1.1", "169.254.0.9", "fd00::9"):
            network["announced"] = [address]
            self.finds("announced", "warning", f"clients are told {address}, which nobody reaches", "public address")
        network["announced"] = ["172.32.0.1"]
        self.finds("announced", "ok", "clients are told 172.32.0.1")
        del network["announced"]
        network["ports"][0]["addresses"] = ["10.0.0.5/24"]
        self.finds("announced", "warning", "clients are told 10.0.0.5", "set network.announced")

    def make_certificate(self, days=90, names="DNS:live.example", subject="/CN=live.example", **http):
        """By a CA of its own, so that it is not self-signed."""
        def openssl(*args):
            subprocess.run(["/usr/bin/openssl", *args], check=True, capture_output=True, timeout=30, cwd=self.work)

        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key")
        openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=CA", "-out", "ca.pem", "-days", "100")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")
        openssl("req", "-new", "-key", "key.pem", "-subj", subject, "-out", "request.pem")
        with open(self.file("extensions"), "w", encoding="utf-8") as f:
            f.write(f"subjectAltName={names}\n" if names else "\n")
        openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                str(days), "-extfile", "extensions", "-out", "cert.pem")
        os.chmod(self.file("key.pem"), 0o600)
        self.config |= {"tls": {"certificate": self.file("cert.pem"), "key": self.file("key.pem")}, "http": http}

    def test_certificate(self):
        self.finds("certificate", "warning", "none: browsers let a page publish only over https", "http.trusted_proxies")
        self.config["http"] = {"trusted_proxies": ["10.0.0.1/32"]}
        self.finds("certificate", "ok", "none: a proxy in front has it")
        self.make_certificate(hosts="live.example")
        self.finds("certificate", "ok", "for live.example")
        self.config["http"]["hosts"] = "live.example,other.example"
        self.finds("certificate", "fault", "it is not for other.example, which http.hosts names; its names: live.example")
        self.make_certificate(days=5)
        self.finds("certificate", "warning", "it expires in ", "systemctl reload")
        self.make_certificate(days=0)
        self.finds("certificate", "fault", "it has expired", "renew it")
        self.make_certificate(names="")
        self.finds("certificate", "warning", "it has no DNS name")
        self.config["tls"]["key"] = self.file("ca.key")
        self.finds("certificate", "fault", "ca.key is not its key", "must be a pair")
        self.config["tls"]["key"] = self.file("rules")
        self.finds("certificate", "fault", "rules cannot be read as a private key")
        self.make_certificate()
        os.chmod(self.file("key.pem"), 0o644)
        self.finds("certificate", "warning", "everybody can read", "chmod")
        self.config["tls"] = {"certificate": self.file("ca.pem"), "key": self.file("ca.key")}
        self.finds("certificate", "warning", "it is self-signed")
        self.config["tls"]["certificate"] = self.file("rules")
        self.finds("certificate", "fault", "rules cannot be read as a certificate")

    def test_clock_and_limits(self):
        self.machine.remove("/run/systemd/timesync/synchronized")
        self.finds("clock", "warning", "not synchronised", "chrony")
        self.machine.write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet")
        self.finds("clock", "warning", "the kernel reads hpet, which is slow", "tsc")
        self.machine.limits("self", "2048", "65536")
        self.finds("limits", "warning", "this shell may open 2048 files, and the clients for whom limits.transports has room "
                   "need 3072", "LimitNOFILE=3072")
        self.finds("limits", "warning", "this shell may lock 64 KiB of memory", "LimitMEMLOCK")
        self.machine.limits("77", "4096", "unlimited", comm="spate-controlpl")
        self.machine.limits("78", "4096", "unlimited", comm="spate-dataplane")
        self.finds("limits", "ok", "the control plane may open 4096 files")
        self.finds("limits", "ok", "the data plane may lock its memory")

    def test_usage(self):
        for args in (["status"], ["rooms"]):
            self.assertIn("--root is an option of doctor and configure", self.run_ctl(*args, code=2)[1])
        self.assertIn("takes nothing more", self.run_ctl("doctor", "x", code=2)[1])
        self.assertIn("nothing to --watch", self.run_ctl("--watch", "doctor", code=2)[1])
        self.assertIn("options of configure", self.run_ctl("doctor", "--force", code=2)[1])
        self.assertIn("No such file", self.run_ctl("doctor", "--config", "/none", code=2)[1])


class Configure(OnMachine):
    def configure(self, *args, code=0):
        out, err = self.run_ctl("configure", *args, code=code)
        return (json.loads(out) if out else None), err

    def test_an_interface_of_the_kernel(self):
        self.machine.nic(Machine.NIC, "i40e")
        self.machine.interface("eth1", Machine.NIC, [("203.0.113.10", 24)], [("2001:db8::10", 64)])
        made, err = self.configure("eth1", "-")
        self.assertEqual(made, {
            "network": {"ports": [{"device": Machine.NIC, "addresses": ["203.0.113.10/24", "2001:db8::10/64"]}]},
            "dataplane": {"workers": 2, "cores": [4, 5, 6], "hugepages": True, "mbufs": 262144, "idle_sleep_us": 0},
            "limits": {"transports": 50000, "consumers": 100000}})
        self.assertIn("NIC 0000:3b:00.0, interface eth1, driver i40e, NUMA node 1; 2 workers on CPU 5-6\n", err)
        self.assertIn("next: driverctl set-override 0000:3b:00.0 vfio-pci; the kernel then loses this NIC", err)

    def test_what_is_written_is_ready(self):
        name = self.file("new.json")
        self.configure(Machine.NIC, name, "--address", "203.0.113.10/24")
        told = json.loads(self.run_ctl("doctor", "--config", name, "--json")[0])
        self.assertEqual(told["faults"], 0, told)
        self.assertEqual([f["check"] for f in told["findings"] if f["verdict"] == "warning"], ["certificate"])
        self.assertEqual(sorted(os.listdir(self.work)), ["bin", "new.json", "root", "rules"])

    def test_a_file_is_not_replaced(self):
        name = self.file("old.json")
        with open(name, "w", encoding="utf-8") as f:
            f.write("mine")
        args = (Machine.NIC, name, "--address", "203.0.113.10/24")
        self.assertIn("old.json: File exists; --force replaces it", self.configure(*args, code=5)[1])
        with open(name, encoding="utf-8") as f:
            self.assertEqual(f.read(), "mine")
        self.configure(*args, "--force")
        with open(name, encoding="utf-8") as f:
            self.assertEqual(json.load(f)["network"]["ports"][0]["device"], Machine.NIC)
        self.assertEqual(sorted(os.listdir(self.work)), ["bin", "old.json", "root", "rules"])
        self.assertIn("No such file", self.configure(Machine.NIC, self.file("none/x"), "--address", "203.0.113.1/24", code=5)[1])

    def test_a_small_machine(self):
        self.machine.write("/sys/devices/system/cpu/online", "0-1")
        self.machine.write("/sys/devices/system/cpu/isolated", "")
        self.machine.write("/sys/devices/system/node/online", "0")
        self.machine.write("/sys/devices/system/node/node0/cpulist", "0-1")
        self.machine.hugepages(0, 0, 0)
        self.machine.nic(Machine.NIC, "vfio-pci", node=-1)
        made, err = self.configure(Machine.NIC, "-", "--address", "10.0.0.9/24", "--announced", "198.51.100.7")
        self.assertEqual(made["dataplane"], {"workers": 1, "cores": [], "hugepages": False, "mbufs": 65536})
        self.assertEqual(made["network"]["announced"], ["198.51.100.7"])
        self.assertIn("next: reserve hugepages", err)
        self.assertNotIn("are private", err)

    def test_cores_that_are_not_isolated(self):
        self.machine.write("/sys/devices/system/cpu/isolated", "")
        made, err = self.configure(Machine.NIC, "-", "--address", "10.0.0.9/24")
        self.assertEqual(made["dataplane"]["cores"], [4, 5, 6])
        self.assertNotIn("idle_sleep_us", made["dataplane"])
        self.assertIn("next: isolcpus=5-6 nohz_full=5-6 rcu_nocbs=5-6", err)
        self.assertIn("note: its addresses are private", err)

    def test_usage(self):
        for args in ([], [Machine.NIC], [Machine.NIC, "-", "more"]):
            self.assertIn("configure DEVICE FILE", self.configure(*args, code=2)[1])
        for device in ("eth9", "lo", "../x", "0000:3b:00"):
            self.assertIn("neither a PCI address", self.configure(device, "-", code=2)[1])
        self.assertIn("there is no device", self.configure("0000:99:00.0", "-", code=5)[1])
        self.assertIn("has no address that the kernel knows", self.configure(Machine.NIC, "-", code=2)[1])
        for address in ("10.0.0.1", "10.0.0.1/0", "10.0.0.1/33", "x/8"):
            self.assertIn("is no address with a prefix length",
                          self.configure(Machine.NIC, "-", "--address", address, code=2)[1])
        self.assertIn("--announced: \"x\" is no address",
                      self.configure(Machine.NIC, "-", "--address", "10.0.0.1/8", "--announced", "x", code=2)[1])


if __name__ == "__main__":
    unittest.main()
