/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/config_table.h"

#include <stdio.h>
#include <string.h>

/*
 * AT, PORT_AT and ICE_AT give the offset and size of a member of struct sh_config, struct
 * sh_config_port and struct sh_config_ice. LIST gives the bounds of a list and the offset of its
 * count.
 */
#define AT(member)      offsetof(struct sh_config, member), sizeof(((struct sh_config *)0)->member)
#define PORT_AT(member) offsetof(struct sh_config_port, member), sizeof(((struct sh_config_port *)0)->member)
#define ICE_AT(member)  offsetof(struct sh_config_ice, member), sizeof(((struct sh_config_ice *)0)->member)
#define LIST(n, least, member)                                                                               \
	.list_max = (n), .list_min = (least), .count = offsetof(struct sh_config, member)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_addresses[] = {"full", "masked", "none", NULL};
static const char *const log_users[] = {"full", "none", NULL};
static const char *const engines[] = {"auto", "ipsec-mb", "libsrtp2", NULL};
static const char *const bad_placements[] = {"warn", "refuse", NULL};
static const char *const algorithms[] = {"none", "HS256", "RS256", "ES256", NULL};
static const char *const admission_defaults[] = {"refuse", "allow", NULL};
static const char *const codecs[] = {"", "opus", "VP8", "VP9", "H264", "AV1", NULL};

static const struct sh_config_member rows[] = {
	{"log.level", SH_CFG_NAME, AT(log_level), .value = SH_LOG_INFO, .names = levels},
	{"log.addresses", SH_CFG_NAME, AT(log_addresses), .value = SH_LOG_ADDRESSES_FULL,
		.names = log_addresses},
	{"log.users", SH_CFG_NAME, AT(log_users), .value = SH_LOG_USERS_FULL, .names = log_users},
	/* the longest socket name in the directory must fit sockaddr_un */
	{"run_dir", SH_CFG_STRING, AT(run_dir), .min = 1, .max = 90, .text = "/run/spate"},

	{"controlplane.user", SH_CFG_STRING, AT(controlplane.user), .min = 1, .max = 32,
		.text = SH_CONTROL_USER},

	{"http.address", SH_CFG_STRING, AT(http.address), .min = 0, .max = SH_NAME_MAX - 1, .text = ""},
	{"http.port", SH_CFG_U16, AT(http.port), .min = 1, .max = 65535, .value = 3000},
	{"http.web_root", SH_CFG_STRING, AT(http.web_root), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"http.origins", SH_CFG_STRING, AT(http.origins), .min = 0, .max = SH_ARGS_MAX - 1, .text = "*"},
	{"http.frame_ancestors", SH_CFG_STRING, AT(http.frame_ancestors), .min = 0, .max = SH_ARGS_MAX - 1,
		.text = "*"},
	{"http.hosts", SH_CFG_STRING, AT(http.hosts), .min = 0, .max = SH_ARGS_MAX - 1, .text = ""},
	{"http.hsts_s", SH_CFG_U32, AT(http.hsts_s), .min = 0, .max = 63072000, .value = 0},
	{"http.room_list", SH_CFG_BOOL, AT(http.room_list), .value = true},
	{"http.trusted_proxies", SH_CFG_NETWORK, AT(http.proxy[0]),
		LIST(SH_MAX_PROXIES, 0, http.proxy_count)},

	{"admin.address", SH_CFG_STRING, AT(admin.address), .min = 0, .max = SH_NAME_MAX - 1,
		.text = "127.0.0.1"},
	{"admin.port", SH_CFG_U16, AT(admin.port), .min = 0, .max = 65535, .value = 9464},
	{"admin.hosts", SH_CFG_STRING, AT(admin.hosts), .min = 0, .max = SH_ARGS_MAX - 1, .text = ""},
	{"admin.token_file", SH_CFG_STRING, AT(admin.token_file), .min = 0, .max = SH_PATH_MAX - 1,
		.text = ""},
	{"admin.tls", SH_CFG_BOOL, AT(admin.tls), .value = false},

	{"drain.deadline_s", SH_CFG_U32, AT(drain.deadline_s), .min = 1, .max = SH_DRAIN_MAX_S, .value = 300},
	{"drain.moves_per_second", SH_CFG_U32, AT(drain.moves_per_second), .min = 1, .max = 100000,
		.value = 100},
	{"drain.url", SH_CFG_STRING, AT(drain.url), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},

	{"tls.certificate", SH_CFG_STRING, AT(tls.certificate), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"tls.key", SH_CFG_STRING, AT(tls.key), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},

	{"auth.algorithm", SH_CFG_NAME, AT(auth.algorithm), .value = SH_AUTH_NONE, .names = algorithms},
	{"auth.key_file", SH_CFG_STRING, AT(auth.key_file), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"auth.key_dir", SH_CFG_STRING, AT(auth.key_dir), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"auth.jwks_url", SH_CFG_STRING, AT(auth.jwks_url), .min = 0, .max = SH_URL_MAX, .text = ""},
	{"auth.jwks_refresh_s", SH_CFG_U32, AT(auth.jwks_refresh_s), .min = 30, .max = 86400, .value = 300},
	{"auth.audience", SH_CFG_STRING, AT(auth.audience), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"auth.issuer", SH_CFG_STRING, AT(auth.issuer), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"auth.type", SH_CFG_STRING, AT(auth.type), .min = 0, .max = SH_NAME_MAX - 1, .text = ""},
	{"auth.require_room", SH_CFG_BOOL, AT(auth.require_room), .value = false},
	{"auth.end_with_token", SH_CFG_BOOL, AT(auth.end_with_token), .value = false},

	{"hooks.url", SH_CFG_STRING, AT(hooks.url), .min = 0, .max = SH_URL_MAX, .text = ""},
	{"hooks.secret_file", SH_CFG_STRING, AT(hooks.secret_file), .min = 0, .max = SH_URL_MAX, .text = ""},
	{"hooks.viewers_s", SH_CFG_U32, AT(hooks.viewers_s), .min = 0, .max = 3600, .value = 10},
	{"hooks.refusals_s", SH_CFG_U32, AT(hooks.refusals_s), .min = 0, .max = 3600, .value = 10},
	{"hooks.queue", SH_CFG_U32, AT(hooks.queue), .min = 1, .max = 100000, .value = 1000},
	{"hooks.keep_s", SH_CFG_U32, AT(hooks.keep_s), .min = 1, .max = 86400, .value = 600},
	{"hooks.timeout_ms", SH_CFG_U32, AT(hooks.timeout_ms), .min = 100, .max = 60000, .value = 5000},
	{"hooks.admission_url", SH_CFG_STRING, AT(hooks.admission_url), .min = 0, .max = SH_URL_MAX,
		.text = ""},
	{"hooks.admission_timeout_ms", SH_CFG_U32, AT(hooks.admission_timeout_ms), .min = 100, .max = 10000,
		.value = 2000},
	{"hooks.admission_default", SH_CFG_NAME, AT(hooks.admission_default), .value = SH_ADMISSION_REFUSE,
		.names = admission_defaults},
	{"hooks.admission_waiting", SH_CFG_U32, AT(hooks.admission_waiting), .min = 1, .max = 100000,
		.value = 1000},

	{"outgoing.ca_file", SH_CFG_STRING, AT(outgoing.ca_file), .min = 0, .max = SH_URL_MAX, .text = ""},

	{"rooms.grace_s", SH_CFG_U32, AT(rooms.grace_s), .min = 1, .max = 3600, .value = 10},
	{"rooms.pause_notice_ms", SH_CFG_U32, AT(rooms.pause_notice_ms), .min = 0, .max = 60000,
		.value = 1000},

	{"node.id", SH_CFG_STRING, AT(node.id), .min = 0, .max = SH_NODE_ID_MAX, .text = ""},

	{"cluster.redis", SH_CFG_STRING, AT(cluster.redis[0]), .min = 1, .max = SH_PATH_MAX - 1,
		LIST(SH_MAX_REDIS, 0, cluster.redis_count)},
	{"cluster.redis_password_file", SH_CFG_STRING, AT(cluster.redis_password_file), .min = 0,
		.max = SH_PATH_MAX - 1, .text = ""},
	{"cluster.ca", SH_CFG_STRING, AT(cluster.ca), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"cluster.certificate", SH_CFG_STRING, AT(cluster.certificate), .min = 0, .max = SH_PATH_MAX - 1,
		.text = ""},
	{"cluster.key", SH_CFG_STRING, AT(cluster.key), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"cluster.url", SH_CFG_STRING, AT(cluster.url), .min = 0, .max = SH_PATH_MAX - 1, .text = ""},
	{"cluster.region", SH_CFG_STRING, AT(cluster.region), .min = 0, .max = SH_NAME_MAX - 1, .text = ""},
	{"cluster.capacity", SH_CFG_U32, AT(cluster.capacity), .min = 0, .max = 10000000, .value = 0},

	{"resume.grace_s", SH_CFG_U32, AT(resume.grace_s), .min = 0, .max = 600, .value = 15},
	{"resume.max_s", SH_CFG_U32, AT(resume.max_s), .min = 0, .max = 3600, .value = 300},

	{"socketio.ping_interval_ms", SH_CFG_U32, AT(socketio.ping_interval_ms), .min = 100, .max = 600000,
		.value = 25000},
	{"socketio.ping_timeout_ms", SH_CFG_U32, AT(socketio.ping_timeout_ms), .min = 100, .max = 600000,
		.value = 20000},
	{"socketio.connect_timeout_ms", SH_CFG_U32, AT(socketio.connect_timeout_ms), .min = 100,
		.max = 600000, .value = 45000},
	{"socketio.upgrade_timeout_ms", SH_CFG_U32, AT(socketio.upgrade_timeout_ms), .min = 100,
		.max = 600000, .value = 10000},

	{"network.ports", SH_CFG_PORT, AT(network.port[0]), LIST(SH_MAX_PORTS, 1, network.port_count)},
	{"network.udp_port_base", SH_CFG_U16, AT(network.udp_port_base), .min = 1, .max = 65535,
		.value = 20000},
	{"network.udp_port_last", SH_CFG_U16, AT(network.udp_port_last), .min = 1, .max = 65535,
		.value = 20200},
	{"network.announced", SH_CFG_ADDR, AT(network.announced[0]),
		LIST(SH_MAX_LOCAL_ADDRS, 0, network.announced_count)},

	{"dataplane.user", SH_CFG_STRING, AT(dataplane.user), .min = 1, .max = 32, .text = SH_DATA_USER},
	{"dataplane.workers", SH_CFG_U32, AT(dataplane.workers), .min = 1, .max = SH_MAX_WORKERS, .value = 1},
	{"dataplane.cores", SH_CFG_U32, AT(dataplane.core[0]), .min = 0, .max = 1023,
		LIST(SH_MAX_WORKERS + 1, 0, dataplane.core_count)},
	{"dataplane.bad_placement", SH_CFG_NAME, AT(dataplane.bad_placement), .value = SH_BAD_PLACEMENT_WARN,
		.names = bad_placements},
	{"dataplane.hugepages", SH_CFG_BOOL, AT(dataplane.hugepages), .value = false},
	{"dataplane.udp_checksum", SH_CFG_BOOL, AT(dataplane.udp_checksum), .value = true},
	{"dataplane.idle_sleep_us", SH_CFG_U32, AT(dataplane.idle_sleep_us), .min = 0, .max = 10000,
		.value = 50},
	{"dataplane.mbufs", SH_CFG_U32, AT(dataplane.mbufs), .min = 1024, .max = 16777216, .value = 16384},
	{"dataplane.stream_packets", SH_CFG_U32, AT(dataplane.stream_packets), .min = 64, .max = 65536,
		.value = 1024},
	{"dataplane.tx_age_ms", SH_CFG_U32, AT(dataplane.tx_age_ms), .min = 1, .max = 10000, .value = 100},
	{"dataplane.engine", SH_CFG_NAME, AT(dataplane.engine), .value = SH_ENGINE_AUTO, .names = engines},
	{"dataplane.eal_args", SH_CFG_STRING, AT(dataplane.eal_arg[0]), .min = 1, .max = SH_NAME_MAX - 1,
		LIST(SH_MAX_EAL_ARGS, 0, dataplane.eal_arg_count)},

	{"media.consent_s", SH_CFG_U32, AT(media.consent_s), .min = 0, .max = 60, .value = 30},
	{"media.sweep_s", SH_CFG_U32, AT(media.sweep_s), .min = 1, .max = 600, .value = 30},
	{"media.max_bitrate_bps", SH_CFG_U32, AT(media.max_bitrate_bps), .min = 100000, .max = 1000000000,
		.value = 8000000},
	{"media.keyframe_ms", SH_CFG_U32, AT(media.keyframe_ms), .min = 50, .max = 10000, .value = 500},
	{"media.cache_ms", SH_CFG_U32, AT(media.cache_ms), .min = 0, .max = 30000, .value = 8000},
	{"media.cache_bytes", SH_CFG_U32, AT(media.cache_bytes), .min = 0, .max = 33554432, .value = 786432},
	{"media.join_bitrate", SH_CFG_U32, AT(media.join_bitrate), .min = 100000, .max = 1000000000,
		.value = 10000000},
	{"media.join_budget", SH_CFG_U32, AT(media.join_budget), .min = 1000000, .max = 4000000000,
		.value = 2000000000},

	{"ice_servers", SH_CFG_ICE, AT(ice[0]), LIST(SH_MAX_ICE_SERVERS, 0, ice_count)},
	{"codecs", SH_CFG_NAME, AT(codec[0]), .names = codecs, LIST(8, 1, codec_count)},
	{"dtls.threads", SH_CFG_U32, AT(dtls_threads), .min = 1, .max = 64, .value = 1},

	{"limits.message_bytes", SH_CFG_U32, AT(limit.message_bytes), .min = 4096, .max = 1048576,
		.value = 65536},
	{"limits.messages_per_second", SH_CFG_U32, AT(limit.messages_per_second), .min = 1, .max = 100000,
		.value = 100},
	{"limits.messages_per_address", SH_CFG_U32, AT(limit.messages_per_address), .min = 1, .max = 1000000,
		.value = 2000},
	/* one to send, one to receive, and a replacement for each while the old one exists */
	{"limits.transports_per_peer", SH_CFG_U32, AT(limit.transports_per_peer), .min = 1, .max = 64,
		.value = 4},
	{"limits.producers_per_peer", SH_CFG_U32, AT(limit.producers_per_peer), .min = 1, .max = 256,
		.value = 8},
	{"limits.consumers_per_peer", SH_CFG_U32, AT(limit.consumers_per_peer), .min = 1, .max = 4096,
		.value = 64},
	{"limits.peers_per_room", SH_CFG_U32, AT(limit.peers_per_room), .min = 1, .max = 1000000,
		.value = 50000},
	{"limits.rooms", SH_CFG_U32, AT(limit.rooms), .min = 1, .max = 1000000, .value = 10000},
	{"limits.share_percent", SH_CFG_U32, AT(limit.share_percent), .min = 1, .max = 100, .value = 12},
	{"limits.reserve_percent", SH_CFG_U32, AT(limit.reserve_percent), .min = 0, .max = 50, .value = 5},
	{"limits.connect_s", SH_CFG_U32, AT(limit.connect_s), .min = 10, .max = 3600, .value = 90},
	{"limits.notices_per_second", SH_CFG_U32, AT(limit.notices_per_second), .min = 1000, .max = 10000000,
		.value = 50000},
	{"limits.produces_per_minute", SH_CFG_U32, AT(limit.produces_per_minute), .min = 1, .max = 1000000,
		.value = 60},
	{"limits.connections_per_address", SH_CFG_U32, AT(limit.connections_per_address), .min = 1,
		.max = 1000000, .value = 1000},
	{"limits.connects_per_second", SH_CFG_U32, AT(limit.connects_per_second), .min = 1, .max = 1000000,
		.value = 20},
	{"limits.unfinished_connections", SH_CFG_U32, AT(limit.unfinished_connections), .min = 16,
		.max = 262144, .value = 2048},
	{"limits.unfinished_per_address", SH_CFG_U32, AT(limit.unfinished_per_address), .min = 4,
		.max = 262144, .value = 64},
	{"limits.request_s", SH_CFG_U32, AT(limit.request_s), .min = 1, .max = 60, .value = 10},
	{"limits.bad_tokens_per_second", SH_CFG_U32, AT(limit.bad_tokens_per_second), .min = 1,
		.max = 1000000, .value = 20},
	{"limits.pages_per_second", SH_CFG_U32, AT(limit.pages_per_second), .min = 1, .max = 1000000,
		.value = 100},
	{"limits.page_builds_per_second", SH_CFG_U32, AT(limit.page_builds_per_second), .min = 1, .max = 1000,
		.value = 20},
	{"limits.handshakes_per_second", SH_CFG_U32, AT(limit.handshakes_per_second), .min = 1,
		.max = 1000000, .value = 40},
	{"limits.resumes_per_second", SH_CFG_U32, AT(limit.resumes_per_second), .min = 1, .max = 1000000,
		.value = 100},
	{"limits.request_queue_bytes", SH_CFG_U32, AT(limit.request_queue_bytes), .min = 65536,
		.max = 1073741824, .value = 1048576},
	{"limits.send_queue_bytes", SH_CFG_U32, AT(limit.send_queue_bytes), .min = 65536, .max = 1073741824,
		.value = 262144},
	{"limits.send_queue_total_bytes", SH_CFG_U32, AT(limit.send_queue_total_bytes), .min = 1048576,
		.max = 4294967295, .value = 67108864},
	{"limits.send_queue_s", SH_CFG_U32, AT(limit.send_queue_s), .min = 1, .max = 3600, .value = 10},
	{"limits.transports", SH_CFG_U32, AT(limit.transports), .min = 1, .max = 1048576, .value = 4096},
	{"limits.producers", SH_CFG_U32, AT(limit.producers), .min = 1, .max = 65536, .value = 1024},
	{"limits.consumers", SH_CFG_U32, AT(limit.consumers), .min = 1, .max = 1048576, .value = 8192},
	{"limits.punts_per_second", SH_CFG_U32, AT(limit.punts_per_second), .min = 1, .max = 10000000,
		.value = 10000},
	{"limits.punts_per_network", SH_CFG_U32, AT(limit.punts_per_network), .min = 1, .max = 10000000,
		.value = 100},
	/*
	 * Five times what a host sends at 30 Mbit/s with retransmissions; a key frame is far less
	 * than a second's packets.
	 */
	{"limits.peer_packets_per_second", SH_CFG_U32, AT(limit.peer_packets_per_second), .min = 100,
		.max = 100000000, .value = 20000},
	/* a browser sends some 20 a second while it looks for a path, and one in 2.5 s afterwards */
	{"limits.peer_checks_per_second", SH_CFG_U32, AT(limit.peer_checks_per_second), .min = 10,
		.max = 1000000, .value = 100},
	/* a viewer of 64 streams, of which half lose packets, so that each is NACKed every 20 ms */
	{"limits.peer_rtcp_per_second", SH_CFG_U32, AT(limit.peer_rtcp_per_second), .min = 10,
		.max = 10000000, .value = 2000},
	/* of each worker, and of the kernel: some 600 Mbit/s of long packets */
	{"limits.kernel_packets_per_second", SH_CFG_U32, AT(limit.kernel_packets_per_second), .min = 1000,
		.max = 10000000, .value = 50000},
	{"limits.ssrcs_per_transport", SH_CFG_U32, AT(limit.ssrcs_per_transport), .min = 1, .max = 512,
		.value = 256},
};

static const struct sh_config_member port_rows[] = {
	{"device", SH_CFG_STRING, PORT_AT(device), .min = 1, .max = SH_NAME_MAX - 1},
	{"args", SH_CFG_STRING, PORT_AT(args), .min = 0, .max = SH_ARGS_MAX - 1, .text = ""},
	{"addresses", SH_CFG_PREFIX, PORT_AT(address[0]), .list_min = 1, .list_max = SH_MAX_LOCAL_ADDRS,
		.count = offsetof(struct sh_config_port, address_count)},
	{"kernel_addresses", SH_CFG_PREFIX, PORT_AT(kernel_address[0]), .list_max = 2,
		.count = SH_CFG_NO_COUNT},
	{"kernel_interface", SH_CFG_STRING, PORT_AT(kernel_interface), .min = 0, .max = SH_INTERFACE_MAX - 1,
		.text = ""},
	{"mtu", SH_CFG_U16, PORT_AT(mtu), .min = 1280, .max = 9216, .value = 1500},
};

static const struct sh_config_member ice_rows[] = {
	{"urls", SH_CFG_STRING, ICE_AT(url[0]), .min = 1, .max = SH_ICE_URL_MAX - 1, .list_min = 1,
		.list_max = SH_MAX_ICE_URLS, .count = offsetof(struct sh_config_ice, url_count)},
	{"username", SH_CFG_STRING, ICE_AT(username), .min = 0, .max = 127, .text = ""},
	{"credential", SH_CFG_STRING, ICE_AT(credential), .min = 0, .max = 127, .text = ""},
	{"secret", SH_CFG_STRING, ICE_AT(secret), .min = 0, .max = 127, .text = ""},
	{"ttl_s", SH_CFG_U32, ICE_AT(ttl_s), .min = 60, .max = 604800, .value = 86400},
};

const struct sh_config_rows sh_config_table = {rows, sizeof(rows) / sizeof(rows[0])};
const struct sh_config_rows sh_config_port_table = {port_rows, sizeof(port_rows) / sizeof(port_rows[0])};
const struct sh_config_rows sh_config_ice_table = {ice_rows, sizeof(ice_rows) / sizeof(ice_rows[0])};

void sh_config_table_defaults(const struct sh_config_rows *table, void *base)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct sh_config_member *m = &table->row[i];
		char *at = (char *)base + m->offset;

		if (m->list_max > 0)
			continue;
		if (m->kind == SH_CFG_U16)
			*(uint16_t *)(void *)at = (uint16_t)m->value;
		else if (m->kind == SH_CFG_BOOL)
			*(bool *)at = m->value != 0;
		else if (m->kind == SH_CFG_STRING)
			snprintf(at, m->size, "%s", m->text ? m->text : "");
		else
			memcpy(at, &m->value, sizeof(m->value));
	}
}
