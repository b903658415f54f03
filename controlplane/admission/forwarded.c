/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/forwarded.h"

#include <stdio.h>
#include <string.h>

/* --- addresses ------------------------------------------------------------------------------ */

/* An IPv4 address in the form of IPv6 becomes IPv4. */
static void unmap(struct sh_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sh_addr ipv4 = {.family = 4};

	if (a->family != 6 || memcmp(a->ip, mapped, sizeof(mapped)) != 0)
		return;
	memcpy(ipv4.ip, a->ip + sizeof(mapped), 4);
	*a = ipv4;
}

static bool contains(const struct sh_prefix *network, const struct sh_addr *a)
{
	unsigned bytes = network->bits / 8, rest = network->bits % 8;

	if (network->addr.family != a->family || memcmp(network->addr.ip, a->ip, bytes) != 0)
		return false;
	return rest == 0 || ((network->addr.ip[bytes] ^ a->ip[bytes]) >> (8 - rest)) == 0;
}

static bool is_trusted(const struct sh_config *config, const struct sh_addr *a)
{
	for (uint32_t i = 0; i < config->http.proxy_count; i++)
		if (contains(&config->http.proxy[i], a))
			return true;
	return false;
}

bool cp_proxy_trusted(const struct sh_config *config, const char *ip)
{
	struct sh_addr a;

	if (config->http.proxy_count == 0 || sh_addr_parse(&a, ip) != 0)
		return false;
	unmap(&a);
	return is_trusted(config, &a);
}

/* --- the header ----------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Takes the last entry from the list, without the spaces around it. False: the list is empty.
 */
static bool take_last(const char *list, size_t *len, const char **entry, size_t *entry_len)
{
	size_t end = *len, begin;

	if (end == 0)
		return false;
	for (begin = end; begin > 0 && list[begin - 1] != ',';)
		begin--;
	*len = begin > 0 ? begin - 1 : 0;
	while (begin < end && is_space(list[begin]))
		begin++;
	while (end > begin && is_space(list[end - 1]))
		end--;
	*entry = list + begin;
	*entry_len = end - begin;
	return true;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && text[digits] == '\0';
}

/*
 * Removes what some proxies write around an address: a port behind it, brackets around IPv6.
 * Returns the address within `text`; NULL: it has neither form.
 */
static char *strip(char *text)
{
	char *end = strchr(text, ']'), *colon = strchr(text, ':');

	if (text[0] == '[') {
		if (!end || (end[1] != '\0' && (end[1] != ':' || !is_port(end + 2))))
			return NULL;
		*end = '\0';
		return strchr(text, ':') ? text + 1 : NULL;
	}
	if (colon && !strchr(colon + 1, ':')) { /* one colon: IPv4 and a port */
		if (!is_port(colon + 1))
			return NULL;
		*colon = '\0';
	}
	return text;
}

/* Parses an entry. False: it is no address. */
static bool parse(const char *entry, size_t len, struct sh_addr *out)
{
	char text[CP_ADDRESS_SIZE + sizeof("[]:65535")], *ip;

	if (len >= sizeof(text) || memchr(entry, '\0', len))
		return false;
	memcpy(text, entry, len);
	text[len] = '\0';
	ip = strip(text);
	if (!ip || sh_addr_parse(out, ip) != 0)
		return false;
	unmap(out);
	return true;
}

void cp_forwarded_client(const struct sh_config *config, const char *peer, const char *list, size_t len,
	char out[CP_ADDRESS_SIZE])
{
	const char *entry;
	size_t entry_len;
	struct sh_addr a;

	snprintf(out, CP_ADDRESS_SIZE, "%s", peer);
	if (!cp_proxy_trusted(config, peer))
		return;
	for (unsigned i = 0; i < CP_PROXIES_MAX && take_last(list, &len, &entry, &entry_len); i++) {
		if (!parse(entry, entry_len, &a))
			return;
		sh_addr_format(&a, out, CP_ADDRESS_SIZE);
		if (!is_trusted(config, &a))
			return;
	}
}
