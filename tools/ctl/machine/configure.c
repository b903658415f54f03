/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl configure DEVICE FILE": writes a configuration for that NIC. Cores, memory
 * and addresses are those of this machine; what it cannot know it asks for.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl/machine/configure_write.h"
#include "tools/ctl/machine/machine.h"
#include "tools/ctl/spatectl.h"

#define GIB (UINT64_C(1) << 30)

enum { ADDRESSES = 4 };

struct plan {
	struct machine machine;
	char pci[MACHINE_NAME], interface[MACHINE_NAME], driver[MACHINE_NAME];
	int node; /* of the NIC; 0 where it is not known */
	struct sh_prefix address[ADDRESSES];
	uint32_t addresses;
	uint32_t cores, core[SH_MAX_WORKERS + 1]; /* the agent's first; 0: not assigned */
	bool isolated; /* the workers' cores are */
	uint64_t memory; /* bytes of hugepages on that node */
};

/* --- what there is ------------------------------------------------------------------------------------ */

static int find_device(struct plan *p, const char *device)
{
	struct machine *m = &p->machine;

	if (machine_is_pci(device))
		snprintf(p->pci, sizeof(p->pci), "%s", device);
	else if (!machine_pci_of(m, device, p->pci)) {
		fprintf(stderr,
			"spatectl: configure: %s is neither a PCI address (0000:3b:00.0) nor a network "
			"interface of "
			"a PCI device; lspci -D and ip link list them\n",
			device);
		return CTL_USAGE;
	}
	if (!machine_has(m, "/sys/bus/pci/devices/%s", p->pci)) {
		fprintf(stderr, "spatectl: configure: there is no device %s; lspci -D lists them\n", p->pci);
		return CTL_FAILED;
	}
	machine_driver(m, p->pci, p->driver);
	if (machine_interface(m, p->pci, p->interface))
		p->addresses = machine_addresses(m, p->interface, p->address, ADDRESSES);
	p->node = machine_node(m, p->pci);
	if (p->node < 0 || (uint32_t)p->node >= m->topology.nodes)
		p->node = 0;
	p->memory = machine_hugepage_bytes(m, (uint32_t)p->node, false);
	return CTL_OK;
}

/* One address, which replaces those of the interface: "203.0.113.10/24". */
static int take_address(struct plan *p, const char *text)
{
	char ip[64];
	const char *slash = strchr(text, '/');
	unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 0;

	snprintf(ip, sizeof(ip), "%.*s", (int)(slash ? slash - text : 0), text);
	if (sh_addr_parse(&p->address[0].addr, ip) != 0 || bits < 1 ||
		bits > (p->address[0].addr.family == 4 ? 32 : 128)) {
		fprintf(stderr,
			"spatectl: configure: --address: \"%s\" is no address with a prefix length, as "
			"203.0.113.10/24\n",
			text);
		return CTL_USAGE;
	}
	p->address[0].bits = (uint8_t)bits;
	p->addresses = 1;
	return CTL_OK;
}

/* The CPUs of a node; all of them where the kernel tells no nodes. */
static struct sh_cpus cpus_of(const struct plan *p)
{
	const struct sh_topology *t = &p->machine.topology;

	return t->nodes > 0 ? sh_cpus_both(&t->node[p->node], &t->online) : t->online;
}

/* Appends the first hyper-thread of each core in `set` that no one has yet. */
static void take_cores(struct plan *p, const struct sh_cpus *set, uint32_t most)
{
	const struct sh_topology *t = &p->machine.topology;

	for (uint32_t cpu = 1; cpu < SH_CPUS_MAX && p->cores < most; cpu++) {
		bool taken = t->core[cpu] == t->core[0];

		for (uint32_t i = 0; i < p->cores; i++)
			taken |= t->core[p->core[i]] == t->core[cpu];
		if (sh_cpus_has(set, cpu) && !taken)
			p->core[p->cores++] = cpu;
	}
}

/*
 * The agent gets a core that is not isolated if there is one, and the workers isolated ones if
 * there are any. CPU 0's core is left to the kernel and the control plane. The number of workers is
 * a power of two, for which drivers can steer more packets to their owners.
 */
static void choose_cores(struct plan *p)
{
	struct sh_cpus here = cpus_of(p), isolated = sh_cpus_both(&here, &p->machine.topology.isolated);
	struct sh_cpus others = sh_cpus_minus(&here, &isolated);
	uint32_t workers = 1;

	p->isolated = sh_cpus_count(&isolated) > 0;
	take_cores(p, &others, 1);
	if (p->isolated && p->cores == 1)
		take_cores(p, &isolated, SH_MAX_WORKERS + 1);
	else
		take_cores(p, &here, SH_MAX_WORKERS + 1);
	if (p->cores < 2) { /* a machine of one or two cores: they float */
		p->cores = 0;
		return;
	}
	while (workers * 2 <= p->cores - 1)
		workers *= 2;
	p->cores = workers + 1;
}

/* --- what is written ------------------------------------------------------------------------------------ */

static cJSON *ports_json(const struct plan *p)
{
	cJSON *ports = cJSON_CreateArray(), *port = cJSON_CreateObject(), *addresses;
	char ip[64], text[80];

	cJSON_AddStringToObject(port, "device", p->pci);
	addresses = cJSON_AddArrayToObject(port, "addresses");
	for (uint32_t i = 0; i < p->addresses; i++) {
		sh_addr_format(&p->address[i].addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "%s/%u", ip, p->address[i].bits);
		cJSON_AddItemToArray(addresses, cJSON_CreateString(text));
	}
	cJSON_AddItemToArray(ports, port);
	return ports;
}

static cJSON *dataplane_json(const struct plan *p)
{
	cJSON *json = cJSON_CreateObject(), *cores;

	cJSON_AddNumberToObject(json, "workers", p->cores > 0 ? p->cores - 1 : 1);
	cores = cJSON_AddArrayToObject(json, "cores");
	for (uint32_t i = 0; i < p->cores; i++)
		cJSON_AddItemToArray(cores, cJSON_CreateNumber(p->core[i]));
	cJSON_AddBoolToObject(json, "hugepages", p->memory > 0);
	cJSON_AddNumberToObject(json, "mbufs",
		p->memory >= 2 * GIB ? 262144
		: p->memory >= GIB   ? 131072
				     : 65536);
	if (p->isolated) /* nobody else wants to run there */
		cJSON_AddNumberToObject(json, "idle_sleep_us", 0);
	return json;
}

static cJSON *plan_json(const struct plan *p, const char *announced)
{
	cJSON *root = cJSON_CreateObject(), *network = cJSON_AddObjectToObject(root, "network"), *limits;

	cJSON_AddItemToObject(network, "ports", ports_json(p));
	if (announced)
		cJSON_AddItemToArray(cJSON_AddArrayToObject(network, "announced"),
			cJSON_CreateString(announced));
	cJSON_AddItemToObject(root, "dataplane", dataplane_json(p));
	if (p->memory >= 4 * GIB) {
		limits = cJSON_AddObjectToObject(root, "limits");
		cJSON_AddNumberToObject(limits, "transports", 50000);
		cJSON_AddNumberToObject(limits, "consumers", 100000);
	}
	return root;
}

/* What remains to be done, on stderr: stdout may be the configuration. */
static void print_next(const struct plan *p, const char *file)
{
	char list[96];
	struct sh_cpus workers = {{0}};

	for (uint32_t i = 1; i < p->cores; i++)
		sh_cpus_add(&workers, p->core[i]);
	sh_cpus_format(&workers, list, sizeof(list));
	fprintf(stderr, "NIC %s%s%s, driver %s, NUMA node %d; %u workers on CPU %s\n", p->pci,
		p->interface[0] ? ", interface " : "", p->interface, p->driver[0] ? p->driver : "none",
		p->node, p->cores > 0 ? p->cores - 1 : 1, p->cores > 0 ? list : "any");
	if (p->memory == 0)
		fputs("next: reserve hugepages (hugepagesz=1G hugepages=8 on the kernel's command line), and "
		      "run "
		      "this again\n",
			stderr);
	if (p->cores > 0 && !p->isolated)
		fprintf(stderr, "next: isolcpus=%s nohz_full=%s rcu_nocbs=%s on the kernel's command line\n",
			list, list, list);
	if (strcmp(p->driver, "vfio-pci") != 0 && !machine_is_bifurcated(p->driver))
		fprintf(stderr,
			"next: driverctl set-override %s vfio-pci; the kernel then loses this NIC, so not if "
			"you reach "
			"this machine by it\n",
			p->pci);
	fprintf(stderr, "next: spatectl doctor --config %s\n", file);
}

static int check_addresses(const struct plan *p, const char *announced)
{
	struct sh_addr a;
	bool reachable = announced != NULL;

	if (announced && sh_addr_parse(&a, announced) != 0) {
		fprintf(stderr, "spatectl: configure: --announced: \"%s\" is no address\n", announced);
		return CTL_USAGE;
	}
	if (p->addresses == 0) {
		fprintf(stderr,
			"spatectl: configure: %s has no address that the kernel knows; name the one that "
			"Spate gets: "
			"--address 203.0.113.10/24\n",
			p->interface[0] ? p->interface : p->pci);
		return CTL_USAGE;
	}
	for (uint32_t i = 0; i < p->addresses; i++)
		reachable |= !machine_is_private(&p->address[i].addr);
	if (!reachable)
		fputs("note: its addresses are private; if viewers come over the internet, name the address "
		      "at "
		      "which they reach it: --announced ADDRESS\n",
			stderr);
	return CTL_OK;
}

int ctl_configure(const struct ctl_options *o)
{
	static struct plan p;
	const char *device = o->argument[0], *file = device ? o->argument[1] : NULL;
	cJSON *json;
	char *text;
	int code;

	if (!file || o->argument[2]) {
		fputs("spatectl: configure: it is configure DEVICE FILE; FILE - is the standard output\n",
			stderr);
		return CTL_USAGE;
	}
	machine_read(&p.machine, o->root);
	code = find_device(&p, device);
	if (code == CTL_OK && o->address)
		code = take_address(&p, o->address);
	if (code == CTL_OK)
		code = check_addresses(&p, o->announced);
	if (code != CTL_OK)
		return code;
	choose_cores(&p);
	json = plan_json(&p, o->announced);
	text = cJSON_Print(json);
	cJSON_Delete(json);
	if (!text)
		return CTL_FAILED;
	if (strcmp(file, "-") == 0)
		puts(text);
	else
		code = configure_write(file, text, o->force);
	cJSON_free(text);
	if (code == CTL_OK)
		print_next(&p, file);
	return code;
}
