/* SPDX-License-Identifier: Apache-2.0 */

/* Checks the certificate of tls.certificate: that it can be used, until when, and for which names. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tools/ctl/machine/doctor.h"

enum { SOON_DAYS = 14, NAMES = 400 };

static X509 *read_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	return x;
}

static EVP_PKEY *read_key(const char *path)
{
	char password[] = ""; /* none: the servers do not ask for one either */
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, password) : NULL;

	if (f)
		fclose(f);
	return key;
}

static void check_time(struct doctor *d, const X509 *x)
{
	int days = 0, seconds = 0;

	if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0) {
		doctor_say(d, "certificate", DOCTOR_FAULT, "look at the clock, or get another one",
			"it is not valid yet");
		return;
	}
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0 ||
		ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1) {
		doctor_say(d, "certificate", DOCTOR_FAULT,
			"renew it, then systemctl reload spate-controlplane", "it has expired");
		return;
	}
	if (days < SOON_DAYS)
		doctor_say(d, "certificate", DOCTOR_WARNING,
			"renew it, then systemctl reload spate-controlplane", "it expires in %d days", days);
	else
		doctor_say(d, "certificate", DOCTOR_OK, NULL, "valid for %d more days", days);
}

/* The DNS names and addresses that it is for, separated by spaces. */
static void list_names(const X509 *x, char out[NAMES])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		const unsigned char *text;
		int len;

		if (n->type != GEN_DNS)
			continue;
		text = ASN1_STRING_get0_data(n->d.dNSName);
		len = ASN1_STRING_length(n->d.dNSName);
		if (memchr(text, '\0', (size_t)len) || at + (size_t)len + 2 > NAMES)
			continue;
		at += (size_t)snprintf(out + at, NAMES - at, "%s%.*s", at > 0 ? " " : "", len, text);
	}
	GENERAL_NAMES_free(names);
}

/* Each name of http.hosts must be one of its names. */
static void check_names(struct doctor *d, X509 *x)
{
	char names[NAMES], hosts[SH_ARGS_MAX], *rest = hosts, *host;
	bool missing = false;

	list_names(x, names);
	snprintf(hosts, sizeof(hosts), "%s", d->config->http.hosts);
	while ((host = strsep(&rest, ", "))) {
		if (host[0] == '\0' || strcmp(host, "*") == 0 || X509_check_host(x, host, 0, 0, NULL) == 1 ||
			X509_check_ip_asc(x, host, 0) == 1)
			continue;
		doctor_say(d, "certificate", DOCTOR_FAULT, "get one for that name, or correct http.hosts",
			"it is not for %s, which http.hosts names; its names: %s", host,
			names[0] ? names : "none");
		missing = true;
	}
	if (!missing && names[0] != '\0')
		doctor_say(d, "certificate", DOCTOR_OK, NULL, "for %s", names);
	else if (!missing)
		doctor_say(d, "certificate", DOCTOR_WARNING, "get one with a DNS name: browsers need it",
			"it has no DNS name");
	if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0)
		doctor_say(d, "certificate", DOCTOR_WARNING,
			"get one that browsers trust, by ACME for example",
			"it is self-signed: browsers warn");
}

static void check_key(struct doctor *d, const X509 *x)
{
	const char *path = d->config->tls.key;
	EVP_PKEY *key = read_key(path);
	struct stat st;

	if (!key)
		doctor_say(d, "certificate", DOCTOR_FAULT, "correct tls.key, or run this as root",
			"%s cannot be read as a private key without a password", path);
	else if (X509_check_private_key(x, key) != 1)
		doctor_say(d, "certificate", DOCTOR_FAULT, "tls.certificate and tls.key must be a pair",
			"%s is not its key", path);
	if (key && stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		doctor_say(d, "certificate", DOCTOR_WARNING, "chmod o-r it", "everybody can read %s", path);
	EVP_PKEY_free(key);
}

void doctor_check_certificate(struct doctor *d)
{
	const struct sh_config *c = d->config;
	X509 *x;

	if (c->tls.certificate[0] == '\0' && c->http.proxy_count > 0) {
		doctor_say(d, "certificate", DOCTOR_OK, NULL, "none: a proxy in front has it");
		return;
	}
	if (c->tls.certificate[0] == '\0') {
		doctor_say(d, "certificate", DOCTOR_WARNING,
			"set tls.certificate and tls.key, or name the proxy that has one in "
			"http.trusted_proxies",
			"none: browsers let a page publish only over https, or on localhost");
		return;
	}
	x = read_certificate(c->tls.certificate);
	if (!x) {
		doctor_say(d, "certificate", DOCTOR_FAULT, "correct tls.certificate",
			"%s cannot be read as a certificate in PEM", c->tls.certificate);
		return;
	}
	check_time(d, x);
	check_names(d, x);
	check_key(d, x);
	X509_free(x);
}
