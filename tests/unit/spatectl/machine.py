# SPDX-License-Identifier: Apache-2.0
"""Invented machines for spatectl doctor and configure: files as the kernel has them in /proc and /sys."""
import os
import socket
import struct


class Machine:
    """16 CPUs on two nodes, two threads for each core (CPU n and n + 8); a NIC on node 1 that is ready."""

    NIC = "0000:3b:00.0"

    def __init__(self, root):
        self.root = root
        cpu = "/sys/devices/system/cpu"
        self.write(f"{cpu}/online", "0-15")
        self.write(f"{cpu}/isolated", "5-7,13-15")
        self.write(f"{cpu}/nohz_full", "5-7,13-15")
        for i in range(16):
            self.write(f"{cpu}/cpu{i}/topology/thread_siblings_list", f"{i % 8},{i % 8 + 8}")
            self.write(f"{cpu}/cpu{i}/cpufreq/scaling_governor", "performance")
        node = "/sys/devices/system/node"
        self.write(f"{node}/online", "0-1")
        for i, cpus in enumerate(("0-3,8-11", "4-7,12-15")):
            self.write(f"{node}/node{i}/cpulist", cpus)
            self.hugepages(i, 4, 4)
        self.write("/proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw 0 0")
        self.write("/sys/module/vfio_pci/refcnt", "1")
        self.write("/sys/kernel/iommu_groups/7/type", "DMA")
        self.nic(self.NIC, "vfio-pci")
        self.write("/run/systemd/timesync/synchronized", "")
        self.write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc")
        self.limits("self", "1048576", "unlimited")

    def path(self, name):
        return self.root + name

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text + "\n")

    def remove(self, name):
        os.unlink(self.path(name))

    def link(self, name, target):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        if os.path.islink(self.path(name)):
            os.unlink(self.path(name))
        os.symlink(target, self.path(name))

    def hugepages(self, node, count, free):
        pages = f"/sys/devices/system/node/node{node}/hugepages/hugepages-1048576kB"
        self.write(f"{pages}/nr_hugepages", str(count))
        self.write(f"{pages}/free_hugepages", str(free))

    def nic(self, pci, driver, node=1, group=7, device_class="0x020000"):
        device = f"/sys/bus/pci/devices/{pci}"
        for name, value in (("numa_node", node), ("class", device_class), ("current_link_width", 8), ("max_link_width", 8),
                            ("current_link_speed", "8.0 GT/s PCIe"), ("max_link_speed", "8.0 GT/s PCIe")):
            self.write(f"{device}/{name}", str(value))
        if driver:
            self.link(f"{device}/driver", f"../../../bus/pci/drivers/{driver}")
        elif os.path.islink(self.path(f"{device}/driver")):
            self.remove(f"{device}/driver")
        os.makedirs(self.path(f"/sys/kernel/iommu_groups/{group}/devices"), exist_ok=True)
        self.link(f"/sys/kernel/iommu_groups/{group}/devices/{pci}", f"../../../../bus/pci/devices/{pci}")
        self.link(f"{device}/iommu_group", f"../../../../kernel/iommu_groups/{group}")

    def interface(self, name, pci, networks=(), ipv6=()):
        """`networks`: pairs of address and prefix length of IPv4, `ipv6` of IPv6."""
        os.makedirs(self.path(f"/sys/bus/pci/devices/{pci}/net/{name}"), exist_ok=True)
        self.link(f"/sys/class/net/{name}/device", f"../../../{pci}")
        route, trie = ["Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT"], ["Local:"]
        for address, bits in networks:
            ip = struct.unpack("<I", socket.inet_aton(address))[0]
            mask = struct.unpack("<I", struct.pack(">I", 2**32 - 2**(32 - bits)))[0]
            route.append(f"{name}\t{ip & mask:08X}\t00000000\t0001\t0\t0\t0\t{mask:08X}\t0\t0\t0")
            trie += [f"           |-- {address}", "              /32 host LOCAL"]
        trie += ["           |-- 127.0.0.1", "              /32 host LOCAL"]
        route.append("lo\t0000007F\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0")
        self.write("/proc/net/route", "\n".join(route))
        self.write("/proc/net/fib_trie", "\n".join(trie))
        self.write("/proc/net/if_inet6", "\n".join(
            f"{socket.inet_pton(socket.AF_INET6, address).hex()} 02 {bits:02x} {scope:02x} 80 {name:>8}"
            for address, bits, scope in [*((a, b, 0) for a, b in ipv6), ("fe80::1", 64, 0x20)]))

    def limits(self, process, files, locked, comm=None):
        self.write(f"/proc/{process}/limits", "Limit                     Soft Limit           Hard Limit           Units\n"
                   f"Max open files            1024                 {files}              files\n"
                   f"Max locked memory         8388608              {locked}              bytes")
        if comm:
            self.write(f"/proc/{process}/comm", comm)
