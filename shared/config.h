/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_H
#define SPATE_SHARED_CONFIG_H

/*
 * This file declares the configuration, one JSON file that both processes read (schema:
 * shared/config.schema.json; reference: docs/configuration.md). Every value has a default. A member
 * that is unknown, of the wrong type or out of range prevents the start, and the error message
 * names it by its path ("dataplane.workers: 99 is over 64").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/config_hooks.h"
#include "shared/config_ice.h"
#include "shared/config_limits.h"

enum sh_log_level { SH_LOG_ERROR, SH_LOG_WARN, SH_LOG_INFO, SH_LOG_DEBUG };

/* How clients' IP addresses and users' names are logged. */
enum sh_log_addresses { SH_LOG_ADDRESSES_FULL, SH_LOG_ADDRESSES_MASKED, SH_LOG_ADDRESSES_NONE };
enum sh_log_users { SH_LOG_USERS_FULL, SH_LOG_USERS_NONE };

enum sh_bad_placement { SH_BAD_PLACEMENT_WARN, SH_BAD_PLACEMENT_REFUSE };

enum sh_engine { SH_ENGINE_AUTO, SH_ENGINE_IPSEC_MB, SH_ENGINE_LIBSRTP2 };

/* The signature algorithm of tokens (RFC 7518, 3.1). */
enum sh_auth_algorithm { SH_AUTH_NONE, SH_AUTH_HS256, SH_AUTH_RS256, SH_AUTH_ES256 };

#define SH_CONTROL_USER "spate" /* the default of controlplane.user */
#define SH_DATA_USER    "spate-data" /* and of dataplane.user */

enum { SH_MAX_PROXIES = 32 }; /* in http.trusted_proxies */
enum { SH_DRAIN_MAX_S = 604800 }; /* the longest deadline of a node that drains: a week */
enum { SH_NODE_ID_MAX = 32 }; /* characters of node.id */
#define SH_NODE_ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
enum { SH_MAX_REDIS = 8 };
enum { SH_MAX_PORTS = 4, SH_PATH_MAX = 256, SH_NAME_MAX = 64, SH_ARGS_MAX = 256, SH_MAX_EAL_ARGS = 16 };
enum { SH_INTERFACE_MAX = 13 }; /* room behind it for ":2", an alias of the interface */

/*
 * An address with its prefix length, "10.99.0.2/24", or a network, "10.99.0.0/24"; addr.port is 0.
 */
struct sh_prefix {
	struct sh_addr addr;
	uint8_t bits;
};

/* One DPDK port: a virtual device or a PCI address. */
struct sh_config_port {
	char device[SH_NAME_MAX]; /* "net_tap0", "0000:3b:00.0" */
	char args[SH_ARGS_MAX]; /* device arguments, "iface=spate0" */
	uint32_t address_count;
	struct sh_prefix address[SH_MAX_LOCAL_ADDRS]; /* the data plane's own addresses */
	struct sh_prefix kernel_address[2]; /* for the kernel's side of a TAP; family 0: none */
	char kernel_interface[SH_INTERFACE_MAX]; /* takes what is not Spate's; "": there is none */
	uint16_t mtu;
};

struct sh_config {
	enum sh_log_level log_level;
	enum sh_log_addresses log_addresses;
	enum sh_log_users log_users;
	char run_dir[SH_PATH_MAX]; /* directory of dataplane.sock and control/socket */

	struct {
		char user[SH_NAME_MAX]; /* its user, if it is started as root: a name or a number */
	} controlplane;

	struct {
		char address[SH_NAME_MAX]; /* "": listen on every address */
		uint16_t port;
		char web_root[SH_PATH_MAX]; /* directory of the built web page */
		char origins[SH_ARGS_MAX]; /* allowed web origins: "*", or a comma-separated list */
		char frame_ancestors[SH_ARGS_MAX]; /* pages that may embed /player */
		char hosts[SH_ARGS_MAX]; /* names it may be asked for: "*", or a list */
		uint32_t hsts_s; /* of Strict-Transport-Security; 0: none */
		bool room_list; /* serve the list of rooms to anybody */
		uint32_t proxy_count;
		struct sh_prefix proxy[SH_MAX_PROXIES]; /* whose X-Forwarded-For is believed */
	} http;

	struct { /* the administration port */
		char address[SH_NAME_MAX]; /* "": every address */
		uint16_t port; /* 0: there is no such listener */
		char hosts[SH_ARGS_MAX]; /* as http.hosts */
		char token_file[SH_PATH_MAX]; /* the token that /metrics asks for; "": none */
		bool tls;
	} admin;

	struct {
		uint32_t deadline_s; /* where the operator names none */
		uint32_t moves_per_second; /* of WHEP players, by the event "reconnect" */
		char url[SH_PATH_MAX]; /* of another node; "": none */
	} drain;

	struct { /* PEM files; "": no TLS */
		char certificate[SH_PATH_MAX]; /* certificate chain, the server's own first */
		char key[SH_PATH_MAX];
	} tls;

	struct {
		enum sh_auth_algorithm algorithm; /* SH_AUTH_NONE: everybody may do everything */
		char key_file[SH_PATH_MAX]; /* HS256: the secret; else a public key as PEM */
		char key_dir[SH_PATH_MAX]; /* directory of such files, named by `kid`; "": none */
		char jwks_url[SH_URL_MAX + 1]; /* where further keys are; "": nowhere */
		uint32_t jwks_refresh_s;
		char audience[SH_PATH_MAX]; /* `aud` that a token must name; "": it may have none */
		char issuer[SH_PATH_MAX]; /* `iss` of a token; "": any */
		char type[SH_NAME_MAX]; /* `typ` of a token's header; "": JWT or none */
		bool require_room; /* a token must name a room */
		bool end_with_token; /* a connection ends when its token expires */
	} auth;

	struct sh_config_hooks hooks;
	struct sh_config_outgoing outgoing;

	struct {
		uint32_t grace_s; /* time from the last host's leaving to the room's closing */
		uint32_t pause_notice_ms; /* a room is told of a producer's pauses at most this often */
	} rooms;

	struct {
		char id[SH_NODE_ID_MAX + 1]; /* "": it is derived from the name of the host */
	} node;

	struct { /* several nodes as one service */
		uint32_t redis_count; /* 0: this node is alone */
		char redis[SH_MAX_REDIS][SH_PATH_MAX]; /* redis://HOST[:PORT][/DATABASE] (redis_url.h) */
		char redis_password_file[SH_PATH_MAX]; /* "": none */
		char ca[SH_PATH_MAX]; /* PEM files */
		char certificate[SH_PATH_MAX];
		char key[SH_PATH_MAX];
		char url[SH_PATH_MAX]; /* where clients reach this node */
		char region[SH_NAME_MAX];
		uint32_t capacity; /* viewers; 0: not known */
	} cluster;

	struct {
		uint32_t grace_s; /* for a client to come back after its connection was lost */
		uint32_t max_s; /* the same after a restart of the control plane, when all come at once */
	} resume;

	struct {
		uint32_t ping_interval_ms, ping_timeout_ms; /* Engine.IO's; sent to clients */
		uint32_t connect_timeout_ms; /* limit for a client to join the namespace */
		uint32_t upgrade_timeout_ms; /* limit for an upgrade to WebSocket */
	} socketio;

	struct {
		uint32_t port_count;
		struct sh_config_port port[SH_MAX_PORTS];
		uint16_t udp_port_base, udp_port_last;
		uint32_t announced_count; /* 0: the ports' own addresses */
		struct sh_addr announced[SH_MAX_LOCAL_ADDRS];
	} network;

	struct {
		char user[SH_NAME_MAX]; /* its user, if it is started as root: a name or a number */
		uint32_t workers;
		/* What happens if the core placement or the memory is a bad choice. */
		enum sh_bad_placement bad_placement;
		uint32_t core_count; /* 0: not pinned; else the agent's core, then each worker's */
		uint32_t core[SH_MAX_WORKERS + 1];
		bool hugepages;
		bool udp_checksum; /* over IPv4, where the device computes none */
		uint32_t idle_sleep_us; /* 0: always poll */
		uint32_t mbufs; /* in the packet pool, per NUMA node */
		uint32_t stream_packets; /* size of a video stream's ring; a power of two */
		uint32_t tx_age_ms;
		enum sh_engine engine;
		uint32_t eal_arg_count;
		char eal_arg[SH_MAX_EAL_ARGS][SH_NAME_MAX];
	} dataplane;

	struct {
		uint32_t consent_s; /* 10..60; 0: no limit */
		uint32_t sweep_s; /* grace time for objects that are not claimed after a restart */
		uint32_t max_bitrate_bps; /* sent to producers without TWCC by REMB */
		uint32_t keyframe_ms; /* minimum interval between two key frame requests */
		uint32_t cache_ms; /* age of the oldest key frame that viewers begin with; 0: no cache */
		uint32_t cache_bytes; /* room for a key frame and what follows, for each video stream */
		uint32_t join_bitrate, join_budget; /* bit/s to a viewer who catches up; to all on a worker */
	} media;

	uint32_t ice_count;
	struct sh_config_ice ice[SH_MAX_ICE_SERVERS]; /* that clients are told of */

	uint32_t codec_count;
	enum sh_codec codec[8]; /* codecs that routers offer, in this order */
	uint32_t dtls_threads;

	struct sh_config_limits limit;
};

/* Fills in every default: the embedded TAP device, no hugepages, one worker. */
void sh_config_defaults(struct sh_config *c);

/*
 * Reads the file `path` into `c`, replacing the values that the file gives. Returns 0, or an errno
 * with an operator's message in `err` that names the member; `c` is then unspecified.
 */
int sh_config_load(struct sh_config *c, const char *path, char *err, size_t err_size);

/*
 * Parses "10.99.0.2" or "fd99::2"; the port is set to 0. Returns 0, or EINVAL with `out` unchanged.
 */
int sh_addr_parse(struct sh_addr *out, const char *text);
/*
 * Formats as "10.99.0.2:20000" or "[fd99::2]:20000", without the port if it is 0; "none" for family
 * 0. Text that does not fit `size` bytes with the NUL is cut.
 */
void sh_addr_format(const struct sh_addr *a, char *out, size_t size);

#endif
