/* SPDX-License-Identifier: Apache-2.0 */

/* Checks each device of the configuration: that it exists, its driver, its IOMMU group, its link. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tools/ctl/machine/doctor.h"

enum { PATH = 1024, REMEDY = 512 };

static bool has_iommu(const struct doctor *d)
{
	char path[PATH];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/kernel/iommu_groups", d->machine.root);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir)))
		found = e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

static void check_iommu(struct doctor *d)
{
	if (!doctor_has_nic(d))
		doctor_say(d, "iommu", DOCTOR_OK, NULL, "not needed: the configuration has no NIC");
	else if (has_iommu(d))
		doctor_say(d, "iommu", DOCTOR_OK, NULL, "the IOMMU is on");
	else
		doctor_say(d, "iommu", DOCTOR_WARNING,
			"boot with intel_iommu=on iommu=pt (AMD: iommu=pt), and switch VT-d or AMD-Vi on in "
			"the "
			"firmware",
			"off: vfio-pci works only in its unsafe mode, and the data plane stays root");
}

/* PCI bridges (class 0x0604) belong to a group without a driver of their own. */
static bool is_bridge(const struct machine *m, const char *pci)
{
	char class[MACHINE_LINE];

	return machine_line(m, class, "/sys/bus/pci/devices/%s/class", pci) &&
	       strncmp(class, "0x0604", 6) == 0;
}

/* A group goes to a process as a whole: none of its other devices may be the kernel's. */
static void check_group(struct doctor *d, const char *pci)
{
	char path[PATH], driver[MACHINE_NAME], remedy[REMEDY];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/iommu_group/devices", d->machine.root, pci);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (!machine_is_pci(e->d_name) || strcmp(e->d_name, pci) == 0 ||
			is_bridge(&d->machine, e->d_name))
			continue;
		machine_driver(&d->machine, e->d_name, driver);
		if (driver[0] == '\0' || strcmp(driver, "vfio-pci") == 0)
			continue;
		snprintf(remedy, sizeof(remedy),
			"bind %s to vfio-pci as well, or put the NIC into another slot", e->d_name);
		doctor_say(d, "iommu", DOCTOR_FAULT, remedy,
			"%s shares an IOMMU group with %s, which the kernel's driver %s has", pci, e->d_name,
			driver);
	}
	if (dir)
		closedir(dir);
}

static void check_driver(struct doctor *d, const char *pci)
{
	char driver[MACHINE_NAME], interface[MACHINE_NAME], remedy[REMEDY];

	machine_driver(&d->machine, pci, driver);
	snprintf(remedy, sizeof(remedy),
		"driverctl set-override %s vfio-pci (or dpdk-devbind.py -b vfio-pci %s); not for the NIC by "
		"which "
		"you reach this machine",
		pci, pci);
	if (strcmp(driver, "vfio-pci") == 0 || machine_is_bifurcated(driver))
		doctor_say(d, "driver", DOCTOR_OK, NULL, "%s: %s", pci, driver);
	else if (strcmp(driver, "igb_uio") == 0 || strcmp(driver, "uio_pci_generic") == 0)
		doctor_say(d, "driver", DOCTOR_WARNING, remedy, "%s: %s, which gives no protection of memory",
			pci, driver);
	else if (driver[0] == '\0')
		doctor_say(d, "driver", DOCTOR_FAULT, remedy, "%s: no driver has it", pci);
	else
		doctor_say(d, "driver", DOCTOR_FAULT, remedy, "%s: the kernel's driver %s has it%s%s", pci,
			driver, machine_interface(&d->machine, pci, interface) ? ", as interface " : "",
			interface);
}

/* A slot with fewer lanes, or of an older generation, than the NIC can use. */
static void check_slot(struct doctor *d, const char *pci)
{
	char speed[MACHINE_LINE], best[MACHINE_LINE];
	long width = machine_number(&d->machine, "/sys/bus/pci/devices/%s/current_link_width", pci);
	long most = machine_number(&d->machine, "/sys/bus/pci/devices/%s/max_link_width", pci);

	if (!machine_line(&d->machine, speed, "/sys/bus/pci/devices/%s/current_link_speed", pci) ||
		!machine_line(&d->machine, best, "/sys/bus/pci/devices/%s/max_link_speed", pci) || width <= 0)
		return;
	if (width < most || strcmp(speed, best) != 0)
		doctor_say(d, "slot", DOCTOR_WARNING,
			"put it into a slot with more lanes, or see the firmware's PCIe settings",
			"%s: its slot gives it %ld lanes of %s; it can use %ld of %s", pci, width, speed,
			most, best);
	else
		doctor_say(d, "slot", DOCTOR_OK, NULL, "%s: %ld lanes of %s", pci, width, speed);
}

static void check_node(struct doctor *d, const char *pci)
{
	int node = machine_node(&d->machine, pci);

	if (node >= 0)
		doctor_say(d, "numa", DOCTOR_OK, NULL, "%s is on node %d", pci, node);
	else if (d->machine.topology.nodes > 1)
		doctor_say(d, "numa", DOCTOR_WARNING,
			"see the firmware's NUMA settings, or measure with the workers on each node",
			"%s: the firmware does not say on which of %u nodes it is", pci,
			d->machine.topology.nodes);
}

static void check_nic(struct doctor *d, const char *pci)
{
	if (!machine_has(&d->machine, "/sys/bus/pci/devices/%s", pci)) {
		doctor_say(d, "driver", DOCTOR_FAULT,
			"lspci -D lists the devices; correct network.ports in the configuration",
			"%s: there is no such device", pci);
		return;
	}
	check_driver(d, pci);
	check_group(d, pci);
	check_node(d, pci);
	check_slot(d, pci);
}

/* The value of `name` in a device's arguments, "iface=eth0,numa_node=1". False: it is not there. */
static bool find_argument(const char *args, const char *name, char out[MACHINE_NAME])
{
	size_t len = strlen(name);
	const char *at = args;

	while (at && strncmp(at, name, len) != 0) {
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	if (!at || at[len] != '=')
		return false;
	snprintf(out, MACHINE_NAME, "%.*s", (int)strcspn(at + len + 1, ","), at + len + 1);
	return true;
}

/* A device that is made of an interface of the kernel, or is virtual altogether. */
static void check_virtual(struct doctor *d, const struct sh_config_port *port)
{
	char interface[MACHINE_NAME];
	bool over = strncmp(port->device, "net_af_", 7) == 0 && find_argument(port->args, "iface", interface);

	if (over && !machine_has(&d->machine, "/sys/class/net/%s", interface))
		doctor_say(d, "driver", DOCTOR_FAULT, "ip link lists the interfaces; correct network.ports",
			"%s: there is no interface %s", port->device, interface);
	else
		doctor_say(d, "driver", DOCTOR_OK, NULL, "%s: a virtual device", port->device);
}

/* "vfio_pci". Where it is built in, only its device file may tell that it is there. */
static void check_module(struct doctor *d, const char *module, const char *file, const char *why)
{
	char remedy[REMEDY];

	snprintf(remedy, sizeof(remedy), "modprobe %s && echo %s >/etc/modules-load.d/spate.conf", module,
		module);
	if (machine_has(&d->machine, "/sys/module/%s", module) || machine_has(&d->machine, "%s", file))
		doctor_say(d, "modules", DOCTOR_OK, NULL, "%s is loaded", module);
	else
		doctor_say(d, "modules", DOCTOR_FAULT, remedy, "%s is not loaded; %s", module, why);
}

static void check_modules(struct doctor *d)
{
	const struct sh_config *c = d->config;
	bool vfio = false, tun = false;
	char driver[MACHINE_NAME];

	for (uint32_t i = 0; i < c->network.port_count; i++) {
		const char *device = c->network.port[i].device;

		tun |= strncmp(device, "net_tap", 7) == 0 || c->network.port[i].kernel_interface[0];
		if (!machine_is_pci(device))
			continue;
		machine_driver(&d->machine, device, driver);
		vfio |= !machine_is_bifurcated(driver);
	}
	if (vfio)
		check_module(d, "vfio_pci", "/dev/vfio/vfio", "the NIC needs it");
	if (tun)
		check_module(d, "tun", "/dev/net/tun", "net_tap and kernel_interface need it");
}

void doctor_check_devices(struct doctor *d)
{
	for (uint32_t i = 0; i < d->config->network.port_count; i++) {
		const struct sh_config_port *port = &d->config->network.port[i];

		if (machine_is_pci(port->device))
			check_nic(d, port->device);
		else
			check_virtual(d, port);
	}
	check_modules(d);
	check_iommu(d);
}
