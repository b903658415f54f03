/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl doctor": whether this machine is ready for the configuration, and what to do
 * about what is not. The servers need not run.
 */

#include "tools/ctl/machine/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "tools/ctl/spatectl.h"

static const char *const names[DOCTOR_VERDICTS] = {"ok", "warning", "fault"};

void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *remedy,
	const char *fmt, ...)
{
	cJSON *finding = cJSON_CreateObject();
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	cJSON_AddStringToObject(finding, "check", check);
	cJSON_AddStringToObject(finding, "verdict", names[verdict]);
	cJSON_AddStringToObject(finding, "text", text);
	if (remedy)
		cJSON_AddStringToObject(finding, "remedy", remedy);
	cJSON_AddItemToArray(d->findings, finding);
	d->count[verdict]++;
}

bool doctor_has_nic(const struct doctor *d)
{
	for (uint32_t i = 0; i < d->config->network.port_count; i++)
		if (machine_is_pci(d->config->network.port[i].device))
			return true;
	return false;
}

static void print_findings(const struct doctor *d)
{
	const cJSON *finding;
	char verdict[CTL_TEXT_MAX], check[CTL_TEXT_MAX];

	cJSON_ArrayForEach(finding, d->findings)
	{
		const char *remedy =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "remedy"));

		printf("%-8s %-12s %s\n", ctl_text(verdict, finding, "verdict"),
			ctl_text(check, finding, "check"),
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(finding, "text")));
		if (remedy)
			printf("%-8s %-12s -> %s\n", "", "", remedy);
	}
	printf("\n%u ok, %u warnings, %u faults\n", d->count[DOCTOR_OK], d->count[DOCTOR_WARNING],
		d->count[DOCTOR_FAULT]);
}

static void print_json(const struct doctor *d)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddNumberToObject(root, "warnings", d->count[DOCTOR_WARNING]);
	cJSON_AddNumberToObject(root, "faults", d->count[DOCTOR_FAULT]);
	cJSON_AddItemToObject(root, "findings", cJSON_Duplicate(d->findings, true));
	ctl_json_print(root);
}

int ctl_doctor(const struct ctl_options *o)
{
	static struct doctor d;

	d = (struct doctor){.config = o->config, .findings = cJSON_CreateArray()};
	machine_read(&d.machine, o->root);
	doctor_check_devices(&d);
	doctor_check_memory(&d);
	doctor_check_cores(&d);
	doctor_check_network(&d);
	doctor_check_certificate(&d);
	doctor_check_system(&d);
	if (o->json)
		print_json(&d);
	else
		print_findings(&d);
	cJSON_Delete(d.findings);
	return d.count[DOCTOR_FAULT] > 0 ? CTL_PROBLEMS : CTL_OK;
}
