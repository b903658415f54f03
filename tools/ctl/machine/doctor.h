/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_MACHINE_DOCTOR_H
#define SPATE_TOOLS_CTL_MACHINE_DOCTOR_H

/* Declares the checks of "spatectl doctor", one file per part of the machine. */

#include <cjson/cJSON.h>

#include "tools/ctl/machine/machine.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAULT, DOCTOR_VERDICTS };

struct doctor {
	struct machine machine;
	const struct sh_config *config;
	cJSON *findings; /* {check, verdict, text, remedy?} */
	unsigned count[DOCTOR_VERDICTS];
};

/*
 * Adds a finding of `check`. `remedy` says what to do, as a sentence that may name commands; NULL
 * for DOCTOR_OK.
 */
void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *remedy,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* True if a device of the configuration is on the PCI bus: a NIC, and no trial with a virtual device. */
bool doctor_has_nic(const struct doctor *d);

void doctor_check_memory(struct doctor *d); /* hugepages */
void doctor_check_cores(struct doctor *d);
void doctor_check_devices(struct doctor *d); /* IOMMU, driver, NUMA node, kernel modules */
void doctor_check_network(struct doctor *d); /* firewall, announced addresses */
void doctor_check_certificate(struct doctor *d);
void doctor_check_system(struct doctor *d); /* clock, limits */

#endif
