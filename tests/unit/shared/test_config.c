/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: what is taken over, and what is refused in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config.h"

static char file[] = "spate-test-config-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(file);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	return unlink(file);
}

static int load_bytes(struct sh_config *c, const void *text, size_t len, char *err, size_t err_size)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	sh_config_defaults(c);
	return sh_config_load(c, file, err, err_size);
}

static void good(struct sh_config *c, const char *text)
{
	char err[256] = "";
	int result = load_bytes(c, text, strlen(text), err, sizeof(err));

	assert_string_equal(err, "");
	assert_int_equal(result, 0);
}

static void bad(const char *text, const char *words)
{
	struct sh_config c;
	char err[256] = "";

	assert_int_equal(load_bytes(&c, text, strlen(text), err, sizeof(err)), EINVAL);
	assert_string_equal(err, words);
}

static void ice_servers_are_those_that_browsers_take(void **state)
{
	struct sh_config c;

	good(&c, "{\"ice_servers\":[{\"urls\":[\"stun:stun.example:3478\"]},"
		 "{\"urls\":[\"turn:[2001:db8::1]:3478?transport=tcp\",\"turns:turn.example\"],"
		 "\"secret\":\"north\",\"ttl_s\":600}]}");
	assert_int_equal(c.ice_count, 2);
	assert_string_equal(c.ice[0].url[0], "stun:stun.example:3478");
	assert_int_equal(c.ice[0].ttl_s, 86400);
	assert_int_equal(c.ice[1].url_count, 2);
	assert_int_equal(c.ice[1].ttl_s, 600);
	bad("{\"ice_servers\":[{}]}", "ice_servers[0]: urls is missing");
	bad("{\"ice_servers\":[{\"urls\":[\"http://a\"]}]}",
		"ice_servers[0].urls[0]: http://a begins with none of stun:, stuns:, turn:, turns:");
	bad("{\"ice_servers\":[{\"urls\":[\"stun:a/b\"]}]}",
		"ice_servers[0].urls[0]: stun:a/b has more than a host and a port");
	bad("{\"ice_servers\":[{\"urls\":[\"stun:\"]}]}",
		"ice_servers[0].urls[0]: stun: has no host behind the scheme");
	bad("{\"ice_servers\":[{\"urls\":[\"turn:a?transport=sctp\"],\"secret\":\"x\"}]}",
		"ice_servers[0].urls[0]: \"turn:a?transport=sctp\" has another query than ?transport=udp or "
		"tcp "
		"of a TURN server");
	bad("{\"ice_servers\":[{\"urls\":[\"turn:a\"]}]}",
		"ice_servers[0]: a TURN server needs username and credential, or secret");
	bad("{\"ice_servers\":[{\"urls\":[\"stun:a\"],\"secret\":\"hush\"}]}",
		"ice_servers[0]: a STUN server takes no credentials");
	bad("{\"ice_servers\":[{\"urls\":[\"turn:a\"],\"username\":\"u\"}]}",
		"ice_servers[0]: username and credential belong together");
	bad("{\"ice_servers\":[{\"urls\":[\"turn:a\"],\"username\":\"u\",\"credential\":\"hu,sh\"}]}",
		"ice_servers[0]: username and credential are printable ASCII without space, quote, comma and "
		"backslash");
	bad("{\"ice_servers\":[{\"urls\":[\"turn:a\"],\"secret\":7}]}",
		"ice_servers[0].secret: must be text, not a number");
	bad("{\"node\":{\"id\":\"a.b\"}}", "node.id: may have letters, digits, - and _ only");
	bad("{\"http\":{\"frame_ancestors\":\"*; script-src *\"}}",
		"http.frame_ancestors: its entries are separated by spaces; ; , and \" cannot be in it");
}

/* --- good ------------------------------------------------------------------------- */

static void defaults(void **state)
{
	struct sh_config c, loaded;
	char text[64];

	memset(&c, 0xff, sizeof(c));
	sh_config_defaults(&c);
	assert_int_equal(c.log_level, SH_LOG_INFO);
	assert_string_equal(c.run_dir, "/run/spate");
	assert_int_equal(c.http.port, 3000);
	assert_string_equal(c.admin.address, "127.0.0.1"); /* nobody else reads the metrics */
	assert_int_equal(c.admin.port, 9464);
	assert_int_equal(c.network.port_count, 1);
	assert_string_equal(c.network.port[0].device, "net_tap0");
	assert_string_equal(c.network.port[0].args, "iface=spate0");
	assert_int_equal(c.network.port[0].address_count, 2);
	sh_addr_format(&c.network.port[0].address[1].addr, text, sizeof(text));
	assert_string_equal(text, "fd99::2");
	assert_int_equal(c.network.port[0].address[1].bits, 64);
	assert_int_equal(c.network.port[0].mtu, 1500);
	assert_int_equal(c.codec_count, 5);
	assert_int_equal(c.codec[0], SH_CODEC_OPUS);
	assert_int_equal(c.limit.transports_per_peer, 4);
	good(&loaded, "{}");
	assert_memory_equal(&c, &loaded, sizeof(c));
	good(&loaded, "{\"$schema\": \"config.schema.json\", \"http\": {}}\n");
	assert_memory_equal(&c, &loaded, sizeof(c));
}

static void everything(void **state)
{
	struct sh_config c;

	good(&c, "{\"log\":{\"level\":\"debug\",\"addresses\":\"masked\",\"users\":\"none\"},\"run_dir\":\"/"
		 "run/two\","
		 "\"http\":{\"address\":\"::1\",\"port\":8443,\"web_root\":\"/srv/"
		 "page\",\"origins\":\"https://a.example\"},"
		 "\"network\":{\"ports\":[{\"device\":\"0000:3b:00.0\",\"args\":\"\",\"addresses\":[\"192.0."
		 "2.7/25\"],"
		 "\"mtu\":9000},"
		 "{\"device\":\"net_tap1\",\"addresses\":[\"2001:db8::7/"
		 "128\"],\"kernel_addresses\":[\"10.1.0.1/30\"]}],"
		 "\"udp_port_base\":40000,\"udp_port_last\":40001,\"announced\":[\"203.0.113.5\",\"2001:db8::"
		 "5\"]},"
		 "\"dataplane\":{\"workers\":2,\"cores\":[1,2,3],\"hugepages\":true,\"idle_sleep_us\":0,"
		 "\"mbufs\":65536,"
		 "\"stream_packets\":2048,\"tx_age_ms\":50,\"engine\":\"libsrtp2\",\"eal_args\":[\"--log-"
		 "level=8\",\"-v\"]},"
		 "\"media\":{\"consent_s\":10,\"sweep_s\":600,\"max_bitrate_bps\":1000000,\"keyframe_ms\":"
		 "1000},"
		 "\"codecs\":[\"H264\",\"opus\"],\"dtls\":{\"threads\":4},\"limits\":{\"rooms\":3,"
		 "\"transports\":1048576}}");
	assert_int_equal(c.log_level, SH_LOG_DEBUG);
	assert_int_equal(c.log_addresses, SH_LOG_ADDRESSES_MASKED);
	assert_int_equal(c.log_users, SH_LOG_USERS_NONE);
	assert_string_equal(c.run_dir, "/run/two");
	assert_string_equal(c.http.address, "::1");
	assert_int_equal(c.http.port, 8443);
	assert_string_equal(c.http.web_root, "/srv/page");
	assert_string_equal(c.http.origins, "https://a.example");
	assert_int_equal(c.network.port_count, 2);
	assert_string_equal(c.network.port[0].device, "0000:3b:00.0");
	assert_string_equal(c.network.port[0].args, "");
	assert_int_equal(c.network.port[0].address_count, 1);
	assert_int_equal(c.network.port[0].address[0].bits, 25);
	assert_int_equal(c.network.port[0].kernel_address[0].addr.family, 0); /* not the default's */
	assert_int_equal(c.network.port[0].mtu, 9000);
	assert_int_equal(c.network.port[1].mtu, 1500);
	assert_int_equal(c.network.port[1].address[0].bits, 128);
	assert_int_equal(c.network.port[1].kernel_address[0].bits, 30);
	assert_int_equal(c.network.port[1].kernel_address[1].addr.family, 0);
	assert_int_equal(c.network.udp_port_base, 40000);
	assert_int_equal(c.network.udp_port_last, 40001);
	assert_int_equal(c.network.announced_count, 2);
	assert_int_equal(c.network.announced[1].family, 6);
	assert_int_equal(c.dataplane.workers, 2);
	assert_int_equal(c.dataplane.core_count, 3);
	assert_int_equal(c.dataplane.core[2], 3);
	assert_true(c.dataplane.hugepages);
	assert_int_equal(c.dataplane.idle_sleep_us, 0);
	assert_int_equal(c.dataplane.engine, SH_ENGINE_LIBSRTP2);
	assert_int_equal(c.dataplane.eal_arg_count, 2);
	assert_string_equal(c.dataplane.eal_arg[1], "-v");
	assert_int_equal(c.media.consent_s, 10);
	assert_int_equal(c.codec_count, 2);
	assert_int_equal(c.codec[0], SH_CODEC_H264);
	assert_int_equal(c.codec[2], 0);
	assert_int_equal(c.dtls_threads, 4);
	assert_int_equal(c.limit.rooms, 3);
	assert_int_equal(c.limit.transports, 1048576);
	assert_int_equal(c.limit.producers, 1024); /* left alone */
}

/* --- bad --------------------------------------------------------------------------- */

static void unknown_members(void **state)
{
	bad("{\"htpt\":{}}", "htpt: there is no such member");
	bad("{\"http\":{\"prot\":1}}", "http.prot: there is no such member");
	bad("{\"http.port\":1}", "http.port: there is no such member");
	bad("{\"http\":{\"$schema\":\"x\"}}", "http.$schema: there is no such member");
	bad("{\"network\":{\"ports\":[{\"mut\":1}]}}", "network.ports[0].mut: there is no such member");
	bad("{\"network\":{\"ports\":[{\"udp_port_base\":1}]}}",
		"network.ports[0].udp_port_base: there is no such member");
	bad("{\"\":1}", "\"\": there is no such member");
	bad("{\"a\\nb\":1}", "\"a\\x0ab\": there is no such member");
	bad("{\"dtls\":{\"threads\":2},\"dtls\":{\"threads\":3}}", "dtls: is given twice");
	bad("{\"dtls\":{\"threads\":2,\"threads\":2}}", "dtls.threads: is given twice");
}

static void wrong_types(void **state)
{
	bad("[]", "the configuration: must be an object, not a list");
	bad("{\"http\":3}", "http: must be an object, not a number");
	bad("{\"http\":{\"port\":\"3000\"}}", "http.port: must be a whole number, not text");
	bad("{\"http\":{\"port\":null}}", "http.port: must be a whole number, not null");
	bad("{\"http\":{\"port\":80.5}}", "http.port: 80.5 is no whole number");
	bad("{\"run_dir\":7}", "run_dir: must be text, not a number");
	bad("{\"dataplane\":{\"hugepages\":1}}", "dataplane.hugepages: must be true or false, not a number");
	bad("{\"dataplane\":{\"engine\":true}}", "dataplane.engine: must be text, not true or false");
	bad("{\"dataplane\":{\"cores\":1}}", "dataplane.cores: must be a list, not a number");
	bad("{\"dataplane\":{\"eal_args\":[\"-v\",{}]}}",
		"dataplane.eal_args[1]: must be text, not an object");
	bad("{\"network\":{\"ports\":[3]}}", "network.ports[0]: must be an object, not a number");
	bad("{\"network\":{\"ports\":{}}}", "network.ports: must be a list, not an object");
}

static void ranges(void **state)
{
	struct sh_config c;

	bad("{\"dataplane\":{\"workers\":99}}", "dataplane.workers: 99 is over 64");
	bad("{\"dataplane\":{\"workers\":65}}", "dataplane.workers: 65 is over 64");
	bad("{\"dataplane\":{\"workers\":0}}", "dataplane.workers: 0 is under 1");
	good(&c, "{\"dataplane\":{\"workers\":64}}");
	bad("{\"http\":{\"port\":65536}}", "http.port: 65536 is over 65535");
	bad("{\"http\":{\"port\":-1}}", "http.port: -1 is under 1");
	bad("{\"limits\":{\"rooms\":1e300}}", "limits.rooms: 1e+300 is over 1000000");
	bad("{\"media\":{\"consent_s\":1}}", "media.consent_s: 1 is under 10");
	bad("{\"media\":{\"consent_s\":9}}", "media.consent_s: 9 is under 10");
	bad("{\"media\":{\"consent_s\":61}}", "media.consent_s: 61 is over 60");
	bad("{\"dataplane\":{\"engine\":\"nss\"}}",
		"dataplane.engine: nss is none of auto, ipsec-mb, libsrtp2");
	bad("{\"log\":{\"level\":\"\"}}", "log.level: \"\" is none of error, warn, info, debug");
	bad("{\"codecs\":[\"opus\",\"vp8\"]}", "codecs[1]: vp8 is none of opus, VP8, VP9, H264, AV1");
	bad("{\"codecs\":[\"\"]}", "codecs[0]: \"\" is none of opus, VP8, VP9, H264, AV1");
	bad("{\"run_dir\":\"\"}", "run_dir: may not be empty");
	bad("{\"run_dir\":\"/a\\tb\"}", "run_dir: holds a control character");
}

static void text_lengths(void **state)
{
	struct sh_config c;
	char text[400], fill[300];

	memset(fill, 'x', sizeof(fill));
	snprintf(text, sizeof(text), "{\"run_dir\":\"/%.*s\"}", 89, fill);
	good(&c, text);
	assert_int_equal(strlen(c.run_dir), 90);
	snprintf(text, sizeof(text), "{\"run_dir\":\"/%.*s\"}", 90, fill);
	bad(text, "run_dir: is longer than 90 bytes");
	snprintf(text, sizeof(text), "{\"http\":{\"web_root\":\"%.*s\"}}", 255, fill);
	good(&c, text);
	snprintf(text, sizeof(text), "{\"http\":{\"web_root\":\"%.*s\"}}", 256, fill);
	bad(text, "http.web_root: is longer than 255 bytes");
	snprintf(text, sizeof(text), "{\"dataplane\":{\"eal_args\":[\"%.*s\"]}}", 64, fill);
	bad(text, "dataplane.eal_args[0]: is longer than 63 bytes");
}

static void addresses(void **state)
{
#define PORT(members) "{\"network\":{\"ports\":[{\"device\":\"d\"" members "}]}}"
	bad(PORT(",\"addresses\":[\"10.0.0.1\"]"), "network.ports[0].addresses[0]: 10.0.0.1 is no address "
						   "with a prefix length, like 10.99.0.2/24");
	bad(PORT(",\"addresses\":[\"10.0.0.1/33\"]"),
		"network.ports[0].addresses[0]: 10.0.0.1/33 has a wrong prefix length");
	bad(PORT(",\"addresses\":[\"fd00::1/129\"]"),
		"network.ports[0].addresses[0]: fd00::1/129 has a wrong prefix length");
	bad(PORT(",\"addresses\":[\"10.0.0.1/2x\"]"),
		"network.ports[0].addresses[0]: 10.0.0.1/2x has a wrong prefix length");
	bad(PORT(",\"addresses\":[\"10.0.0.1/ 4\"]"), "network.ports[0].addresses[0]: \"10.0.0.1/ 4\" is no "
						      "address with a prefix length, like 10.99.0.2/24");
	bad(PORT(",\"addresses\":[\"10.0.0.300/24\"]"),
		"network.ports[0].addresses[0]: 10.0.0.300 is no IPv4 or IPv6 address");
	bad(PORT(""), "network.ports[0]: addresses is missing");
	bad(PORT(",\"addresses\":[]"), "network.ports[0].addresses: holds fewer than 1");
	bad("{\"network\":{\"ports\":[{\"addresses\":[\"10.0.0.1/24\"]}]}}",
		"network.ports[0]: device is missing");
	bad(PORT(",\"addresses\":[\"10.0.0.1/24\"],\"kernel_addresses\":[\"1.1.1.1/8\",\"1.1.1.2/"
		 "8\",\"1.1.1.3/8\"]"),
		"network.ports[0].kernel_addresses: holds more than 2");
	bad(PORT(",\"addresses\":[\"10.0.0.1/24\",\"10.0.0.1/25\"]"),
		"network.ports[0].addresses[1]: is given twice");
	bad("{\"network\":{\"announced\":[\"example.org\"]}}",
		"network.announced[0]: example.org is no IPv4 or IPv6 address");
	bad("{\"network\":{\"ports\":[]}}", "network.ports: holds fewer than 1");
#undef PORT
}

/* --- what can never work ------------------------------------------------------------------ */

/* `pattern` with `value` in the place of the '@'. */
static void fill_in(char out[400], const char *pattern, const char *value)
{
	const char *at = strchr(pattern, '@');

	snprintf(out, 400, "%.*s%s%s", (int)(at - pattern), pattern, value, at + 1);
}

static void bad_member(const char *pattern, const char *value, const char *member, const char *why)
{
	char text[400], words[400];

	fill_in(text, pattern, value);
	snprintf(words, sizeof(words), "%s: %s", member, why);
	bad(text, words);
}

static void good_member(const char *pattern, const char *value)
{
	struct sh_config c;
	char text[400];

	fill_in(text, pattern, value);
	good(&c, text);
}

static const struct never {
	const char *address, *why;
} no_host[] = {
	{"0.0.0.0", "stands for no host (RFC 1122, 3.2.1.3)"},
	{"0.1.2.3", "stands for no host (RFC 1122, 3.2.1.3)"},
	{"224.0.0.1", "is a multicast address"},
	{"239.255.255.255", "is a multicast address"},
	{"240.0.0.1", "is reserved (RFC 1112, 4)"},
	{"255.255.255.255", "is the broadcast address"},
	{"::", "is the unspecified address"},
	{"ff02::1", "is a multicast address"},
	{"fe80::1", "is link-local and means nothing without its link"},
	{"febf::1", "is link-local and means nothing without its link"},
	{"::ffff:192.0.2.1", "is an IPv4 address in IPv6's form; write it as IPv4"},
};

static void addresses_of_no_host_are_refused(void **state)
{
	for (size_t i = 0; i < sizeof(no_host) / sizeof(no_host[0]); i++) {
		const struct never *n = &no_host[i];
		char prefix[64];

		bad_member("{\"network\":{\"announced\":[\"192.0.2.1\",\"@\"]}}", n->address,
			"network.announced[1]", n->why);
		snprintf(prefix, sizeof(prefix), "%s/%u", n->address, strchr(n->address, ':') ? 64 : 24);
		bad_member("{\"network\":{\"ports\":[{\"device\":\"d\",\"addresses\":[\"@\"]}]}}", prefix,
			"network.ports[0].addresses[0]", n->why);
		bad_member("{\"network\":{\"ports\":[{\"device\":\"d\",\"addresses\":[\"1.1.1.1/8\"],"
			   "\"kernel_addresses\":[\"@\"]}]}}",
			prefix, "network.ports[0].kernel_addresses[0]", n->why);
		if (strcmp(n->address, "0.0.0.0") != 0 && strcmp(n->address, "::") != 0)
			bad_member("{\"http\":{\"address\":\"@\"}}", n->address, "http.address", n->why);
		else
			good_member("{\"http\":{\"address\":\"@\"}}", n->address);
	}
	good_member("{\"network\":{\"announced\":[@]}}",
		"\"127.0.0.1\",\"::1\",\"169.254.1.1\",\"fec0::1\",\"223.255.255.255\"");
	bad_member("{\"network\":{\"announced\":[@]}}", "\"192.0.2.1\",\"192.0.2.1\"", "network.announced[1]",
		"is given twice");
}

static void addresses_of_no_interface_are_refused(void **state)
{
	static const char one[] = "{\"network\":{\"ports\":[{\"device\":\"d\",\"addresses\":[\"@\"]}]}}";
	static const char member[] = "network.ports[0].addresses[0]";
	static const char *const fit[] = {"10.0.0.1/24", "10.0.0.254/24", "10.0.1.0/23", "10.0.0.255/23",
		"10.0.0.0/31", "10.0.0.1/31", "10.0.0.0/32", "10.0.0.255/32", "fd99::1/64", "fd99::/127",
		"fd99::/128", "fd99::ffff:ffff:ffff:ffff/64"};

	bad_member(one, "10.0.0.0/24", member, "is the network's own address");
	bad_member(one, "10.0.0.0/23", member, "is the network's own address");
	bad_member(one, "10.0.0.4/30", member, "is the network's own address");
	bad_member(one, "10.0.0.255/24", member, "is the network's broadcast address");
	bad_member(one, "10.0.0.7/30", member, "is the network's broadcast address");
	bad_member(one, "fd99::/64", member, "is the anycast address of the network's routers");
	bad_member(one, "127.0.0.1/8", member, "is a loopback address");
	bad_member(one, "::1/128", member, "is a loopback address");
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++)
		good_member(one, fit[i]);
}

static void both_sides_of_a_tap_have_their_own_addresses(void **state)
{
	static const char two[] =
		"{\"network\":{\"ports\":[{\"device\":\"a\",\"addresses\":[\"10.1.0.2/24\"],"
		"\"kernel_addresses\":[@]},{\"device\":\"b\",\"addresses\":[\"10.2.0.2/24\"]}]}}";
	static const char own[] = "is the data plane's own; the kernel's side of the TAP needs another one";

	bad_member(two, "\"10.1.0.2/24\"", "network.ports[0].kernel_addresses[0]", own);
	bad_member(two, "\"10.1.0.1/24\",\"10.2.0.2/24\"", "network.ports[0].kernel_addresses[1]", own);
	bad_member(two, "\"10.1.0.1/24\",\"10.1.0.1/16\"", "network.ports[0].kernel_addresses[1]",
		"is given twice");
	bad_member(two, "\"10.1.0.255/24\"", "network.ports[0].kernel_addresses[0]",
		"is the network's broadcast address");
	good_member(two, "\"10.1.0.1/24\",\"fd99::1/64\"");
}

static void proxies_are_addresses_or_networks(void **state)
{
	static const char text[] = "{\"http\":{\"trusted_proxies\":[@]}}";
	static const char rest[] = "has bits behind its prefix length, which would not count";
	struct sh_config c;

	good(&c, "{\"http\":{\"trusted_proxies\":[\"10.0.0.0/8\",\"192.0.2.7\",\"2001:db8::7\"]}}");
	assert_int_equal(c.http.proxy_count, 3);
	assert_int_equal(c.http.proxy[0].bits, 8);
	assert_int_equal(c.http.proxy[1].bits, 32);
	assert_int_equal(c.http.proxy[2].bits, 128);
	good_member(text, "\"0.0.0.0/0\",\"::/0\",\"127.0.0.1\",\"fd00::/8\"");
	bad_member(text, "\"10.1.0.0/8\"", "http.trusted_proxies[0]", rest);
	bad_member(text, "\"10.0.0.0/8\",\"2001:db8::1/64\"", "http.trusted_proxies[1]", rest);
	bad_member(text, "\"::ffff:10.0.0.1\"", "http.trusted_proxies[0]",
		"is an IPv4 address in IPv6's form; write it as IPv4");
	bad_member(text, "\"proxy.example\"", "http.trusted_proxies[0]",
		"proxy.example is no IPv4 or IPv6 address");
	bad_member(text, "\"10.0.0.0/33\"", "http.trusted_proxies[0]",
		"10.0.0.0/33 has a wrong prefix length");
}

static void bad_origin(const char *origins, const char *shown, const char *why)
{
	char member[300];

	snprintf(member, sizeof(member), "http.origins: %s", shown);
	bad_member("{\"http\":{\"origins\":\"@\"}}", origins, member, why);
}

static void origins_that_no_browser_sends_are_refused(void **state)
{
	static const char *const fit[] = {"", "*", "https://app.example.org",
		"http://localhost:3000, https://a.b:8443", "HTTPS://A.example", "https://[2001:db8::1]:8443",
		"http://192.0.2.1", "null", "file://", "chrome-extension://abcdef", "capacitor://localhost",
		"http://a.example:443", "https://a.example:80", "https://xn--bcher-kva.example,*",
		",https://a.example,,"};
	static const char path[] = "an origin ends before the path; leave out / and what follows";
	static const char scheme[] = "an origin begins with a scheme, like https://example.org";
	static const char star[] = "a part of an origin cannot be *; name each origin";
	static const char host[] = "an origin has a host after the scheme, in ASCII";
	static const char port[] = "after an origin's host only :PORT may follow";
	static const char own_port[] = "browsers leave out the scheme's own port; so must an origin";

	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++)
		good_member("{\"http\":{\"origins\":\"@\"}}", fit[i]);
	bad_origin("https://app.example.org/", "https://app.example.org/", path);
	bad_origin("https://a.example, https://b.example:8443/app", "https://b.example:8443/app", path);
	bad_origin("https://a.example?x", "https://a.example?x", path);
	bad_origin("app.example.org", "app.example.org", scheme);
	bad_origin("localhost:3000", "localhost:3000", scheme);
	bad_origin("//app.example.org", "//app.example.org", scheme);
	bad_origin("https:app.example.org", "https:app.example.org", scheme);
	bad_origin("*.example.org", "*.example.org", star);
	bad_origin("https://*.example.org", "https://*.example.org", star);
	bad_origin("https://", "https://", host);
	bad_origin("https://b\xc3\xbc.example", "https://b\xc3\xbc.example", host);
	bad_origin("https://\xc3\xbc.example", "https://\xc3\xbc.example", host);
	bad_origin("https://anna@a.example", "https://anna@a.example", port);
	bad_origin("https://a.example:", "https://a.example:", port);
	bad_origin("https://a.example:0443", "https://a.example:0443", port);
	bad_origin("https://a.example:65536", "https://a.example:65536", port);
	bad_origin("https://2001:db8::1", "https://2001:db8::1", port);
	bad_origin("https://a.example:443", "https://a.example:443", own_port);
	bad_origin("http://a.example:80", "http://a.example:80", own_port);
}

static void members_that_do_not_fit(void **state)
{
	struct sh_config c;

	bad("{\"run_dir\":\"run\"}", "run_dir: must begin with /");
	bad("{\"http\":{\"address\":\"localhost\"}}", "http.address: is no IPv4 or IPv6 address");
	bad("{\"admin\":{\"address\":\"localhost\"}}", "admin.address: is no IPv4 or IPv6 address");
	bad("{\"dataplane\":{\"workers\":2,\"cores\":[0,1]}}",
		"dataplane.cores: must be empty or hold 3: the agent's and each worker's");
	bad("{\"dataplane\":{\"stream_packets\":1000}}", "dataplane.stream_packets: 1000 is no power of two");
	bad("{\"codecs\":[\"VP8\",\"opus\",\"VP8\"]}", "codecs[2]: is given twice");
	bad("{\"network\":{\"udp_port_base\":20199},\"dataplane\":{\"workers\":3}}",
		"network.udp_port_last: 3 workers from udp_port_base need 20201, not 20200");
	good(&c, "{\"network\":{\"udp_port_base\":20199},\"dataplane\":{\"workers\":2}}");
	bad("{\"network\":{\"ports\":[{\"device\":\"a\",\"addresses\":[\"1.1.1.1/8\"]},"
	    "{\"device\":\"a\",\"addresses\":[\"1.1.1.2/8\"]}]}}",
		"network.ports[1].device: the same as network.ports[0]'s");
	bad("{\"network\":{\"ports\":[{\"device\":\"a\",\"addresses\":[\"1.1.1.1/8\",\"1.1.1.2/8\",\"1.1.1.3/"
	    "8\","
	    "\"1.1.1.4/8\",\"1.1.1.5/8\"]},{\"device\":\"b\",\"addresses\":[\"1.1.1.6/8\",\"1.1.1.7/"
	    "8\",\"1.1.1.8/8\","
	    "\"1.1.1.9/8\"]}]}}",
		"network.ports: more than 8 addresses in all");
}

static void members_that_need_another(void **state)
{
	struct sh_config c;

	bad("{\"tls\":{\"certificate\":\"/c.pem\"}}", "tls.key: is missing; tls.certificate needs it");
	bad("{\"tls\":{\"key\":\"/k.pem\"}}", "tls.certificate: is missing; tls.key needs it");
	bad("{\"http\":{\"hsts_s\":300}}", "tls.certificate: is missing; http.hsts_s needs it");
	bad("{\"drain\":{\"url\":\"b.example\"}}", "drain.url: it begins with https:// or http://");
	bad("{\"drain\":{\"url\":\"https://\"}}", "drain.url: it has a host after the scheme, in ASCII");
	bad("{\"drain\":{\"url\":\"https://b.example/\"}}", "drain.url: it ends without a slash");
	bad("{\"drain\":{\"url\":\"https://b.example/?a=\\\"\"}}",
		"drain.url: it has no query, no user and no other characters than a path has");
	bad("{\"drain\":{\"url\":\"http://b.example\"},\"tls\":{\"certificate\":\"/c\",\"key\":\"/k\"}}",
		"drain.url: clients of a server with TLS are not sent to one without: it begins with "
		"https://");
	bad("{\"hooks\":{\"url\":\"ftp://a\",\"secret_file\":\"/s\"}}",
		"hooks.url: it begins with https:// or http://");
	bad("{\"hooks\":{\"url\":\"https:///a\",\"secret_file\":\"/s\"}}",
		"hooks.url: it has a host after the scheme");
	bad("{\"hooks\":{\"url\":\"https://u:p@a.example\",\"secret_file\":\"/s\"}}",
		"hooks.url: it has no user, no password and no fragment");
	bad("{\"hooks\":{\"url\":\"https://a.example/ b\",\"secret_file\":\"/s\"}}",
		"hooks.url: it has a character that a URL cannot have");
	bad("{\"hooks\":{\"admission_url\":\"http://a.example\",\"secret_file\":\"/s\"}}",
		"hooks.admission_url: it begins with https://, or with http:// and this machine, because who "
		"can change the answer decides who joins");
	bad("{\"hooks\":{\"admission_url\":\"http://127.0.0.1.a.example\",\"secret_file\":\"/s\"}}",
		"hooks.admission_url: it begins with https://, or with http:// and this machine, because who "
		"can change the answer decides who joins");
	bad("{\"hooks\":{\"url\":\"http://a.example\"}}",
		"hooks.secret_file: is missing; hooks.url and hooks.admission_url need it");
	good(&c, "{\"hooks\":{\"url\":\"http://a.example:8080/x?y=z\",\"secret_file\":\"/s\","
		 "\"admission_url\":\"http://[::1]:80/\"}}");
	good(&c, "{\"hooks\":{\"admission_url\":\"http://localhost\",\"secret_file\":\"/s\"}}");
	bad("{\"drain\":{\"deadline_s\":0}}", "drain.deadline_s: 0 is under 1");
	bad("{\"drain\":{\"deadline_s\":31536000}}", "drain.deadline_s: 31536000 is over 604800");
	good(&c, "{\"drain\":{\"url\":\"https://[2001:db8::1]:8443/spate\",\"deadline_s\":604800}}");
	bad("{\"admin\":{\"tls\":true}}", "tls.certificate: is missing; admin.tls needs it");
	bad("{\"admin\":{\"address\":\"192.0.2.1\"}}",
		"admin.token_file: is missing; admin.address needs it beyond loopback");
	bad("{\"admin\":{\"address\":\"\"}}",
		"admin.token_file: is missing; admin.address needs it beyond loopback");
	bad("{\"admin\":{\"address\":\"::\"}}",
		"admin.token_file: is missing; admin.address needs it beyond loopback");
	good(&c, "{\"admin\":{\"address\":\"127.1.2.3\"}}");
	good(&c, "{\"admin\":{\"address\":\"::1\"}}");
	good(&c, "{\"admin\":{\"address\":\"\",\"port\":0}}");
	good(&c, "{\"admin\":{\"address\":\"\",\"token_file\":\"/token\"}}");
	bad("{\"auth\":{\"algorithm\":\"HS256\"}}",
		"auth.key_file: is missing; auth.algorithm needs it, key_dir or jwks_url");
	bad("{\"auth\":{\"key_file\":\"/k\"}}", "auth.algorithm: is none, but auth.key_file is given");
	bad("{\"auth\":{\"algorithm\":\"none\",\"key_file\":\"/k\"}}",
		"auth.algorithm: is none, but auth.key_file is given");
	bad("{\"auth\":{\"algorithm\":\"HS512\"}}",
		"auth.algorithm: HS512 is none of none, HS256, RS256, ES256");

	bad("{\"auth\":{\"key_dir\":\"/k\"}}", "auth.algorithm: is none, but auth.key_dir is given");
	bad("{\"auth\":{\"jwks_url\":\"https://a.example/keys\"}}",
		"auth.algorithm: is none, but auth.jwks_url is given");
	bad("{\"auth\":{\"algorithm\":\"RS256\",\"jwks_url\":\"http://127.0.0.1/keys\"}}",
		"auth.jwks_url: it begins with https://, because who can change the keys can sign tokens");
	bad("{\"auth\":{\"algorithm\":\"HS256\",\"jwks_url\":\"https://a.example/keys\"}}",
		"auth.jwks_url: a secret for HS256 is in no public key set");
	good(&c, "{\"auth\":{\"algorithm\":\"ES256\",\"jwks_url\":\"https://a.example/keys\"}}");
	good(&c, "{\"auth\":{\"algorithm\":\"HS256\",\"key_dir\":\"/k\"}}");

	good(&c, "{\"tls\":{\"certificate\":\"/c.pem\",\"key\":\"/k.pem\"}}");
	assert_string_equal(c.tls.certificate, "/c.pem");
	assert_string_equal(c.tls.key, "/k.pem");
	good(&c, "{\"auth\":{\"algorithm\":\"ES256\",\"key_file\":\"/k\"}}");
	assert_int_equal(c.auth.algorithm, SH_AUTH_ES256);
	assert_string_equal(c.auth.key_file, "/k");
	good(&c, "{\"auth\":{\"algorithm\":\"none\"}}");
	assert_int_equal(c.auth.algorithm, SH_AUTH_NONE);
}

static void files(void **state)
{
	struct sh_config c;
	char err[256], want[256];
	char *big = malloc((1 << 20) + 2);

	sh_config_defaults(&c);
	assert_int_equal(sh_config_load(&c, "/nonexistent/spate.json", err, sizeof(err)), EIO);
	assert_string_equal(err, "/nonexistent/spate.json: No such file or directory");
	assert_int_equal(sh_config_load(&c, "/", err, sizeof(err)), EIO);
	assert_string_equal(err, "/: Is a directory");

	snprintf(want, sizeof(want), "%s: not JSON in line 3", file);
	bad("{\n\"http\": {},\n\"log\" {}}", want);
	snprintf(want, sizeof(want), "%s: not JSON in line 1", file);
	bad("", want);
	bad("{} x", want);
	assert_int_equal(load_bytes(&c, "{}\0{}", 5, err, sizeof(err)), EINVAL);
	assert_string_equal(err, want);

	assert_non_null(big);
	memset(big, ' ', (1 << 20) + 2);
	big[0] = '{';
	big[(1 << 20) - 1] = '}';
	assert_int_equal(load_bytes(&c, big, 1 << 20, err, sizeof(err)), 0);
	assert_int_equal(load_bytes(&c, big, (1 << 20) + 1, err, sizeof(err)), EIO);
	snprintf(want, sizeof(want), "%s: is over 1 MiB", file);
	assert_string_equal(err, want);
	free(big);
}

/* Words that do not fit are cut off, and nothing is written past the end. */
static void short_error_buffer(void **state)
{
	struct sh_config c;
	char err[12];

	memset(err, 'x', sizeof(err));
	assert_int_equal(load_bytes(&c, "{\"http\":{\"port\":0}}", 19, err, 8), EINVAL);
	assert_string_equal(err, "http.po");
	assert_int_equal(err[8], 'x');
}

/* --- addresses -------------------------------------------------------------------------- */

static void addr(void **state)
{
	struct sh_addr a;
	char text[64];

	assert_int_equal(sh_addr_parse(&a, "10.99.0.2"), 0);
	assert_int_equal(a.family, 4);
	assert_int_equal(a.port, 0);
	assert_memory_equal(a.ip, "\x0a\x63\x00\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	sh_addr_format(&a, text, sizeof(text));
	assert_string_equal(text, "10.99.0.2");
	a.port = 20000;
	sh_addr_format(&a, text, sizeof(text));
	assert_string_equal(text, "10.99.0.2:20000");

	assert_int_equal(sh_addr_parse(&a, "fd99::2"), 0);
	assert_int_equal(a.family, 6);
	sh_addr_format(&a, text, sizeof(text));
	assert_string_equal(text, "fd99::2");
	a.port = 65535;
	sh_addr_format(&a, text, sizeof(text));
	assert_string_equal(text, "[fd99::2]:65535");
	sh_addr_format(&a, text, 6);
	assert_string_equal(text, "[fd99");

	assert_int_equal(sh_addr_parse(&a, ""), EINVAL);
	assert_int_equal(sh_addr_parse(&a, "10.99.0.2:1"), EINVAL);
	assert_int_equal(sh_addr_parse(&a, "10.99.0"), EINVAL);
	assert_int_equal(sh_addr_parse(&a, "fe80::1%eth0"), EINVAL);
	assert_int_equal(a.family, 6); /* left alone */
	memset(&a, 0, sizeof(a));
	sh_addr_format(&a, text, sizeof(text));
	assert_string_equal(text, "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(ice_servers_are_those_that_browsers_take),
		cmocka_unit_test(unknown_members),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(ranges),
		cmocka_unit_test(text_lengths),
		cmocka_unit_test(addresses),
		cmocka_unit_test(addresses_of_no_host_are_refused),
		cmocka_unit_test(addresses_of_no_interface_are_refused),
		cmocka_unit_test(both_sides_of_a_tap_have_their_own_addresses),
		cmocka_unit_test(proxies_are_addresses_or_networks),
		cmocka_unit_test(origins_that_no_browser_sends_are_refused),
		cmocka_unit_test(members_that_do_not_fit),
		cmocka_unit_test(members_that_need_another),
		cmocka_unit_test(files),
		cmocka_unit_test(short_error_buffer),
		cmocka_unit_test(addr),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
