/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "controlplane/admission/forwarded.h"
#include "controlplane/http/server.h"

/* A dual-stack socket reports an IPv4 client as an IPv4-mapped IPv6 address. */
static void unmap(char ip[CP_ADDRESS_SIZE])
{
	if (strncmp(ip, "::ffff:", 7) == 0 && strchr(ip, '.'))
		memmove(ip, ip + 7, strlen(ip + 7) + 1);
}

void cp_socket_address(const struct sockaddr_storage *from, char out[CP_ADDRESS_SIZE])
{
	const void *ip = from->ss_family == AF_INET6
				 ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
				 : &((const struct sockaddr_in *)from)->sin_addr;

	if (!inet_ntop(from->ss_family, ip, out, CP_ADDRESS_SIZE))
		out[0] = '\0';
	unmap(out);
}

void cp_peer_address(struct lws *wsi, char out[CP_ADDRESS_SIZE])
{
	lws_get_peer_simple(wsi, out, CP_ADDRESS_SIZE);
	unmap(out);
}

bool cp_client_sends_body(struct lws *wsi)
{
	char length[12];
	int len = lws_hdr_copy(wsi, length, sizeof(length), WSI_TOKEN_HTTP_CONTENT_LENGTH);

	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 || len < 0 ||
	       (int)strspn(length, "0") != len;
}

void cp_client_address(const struct cp_server *s, struct lws *wsi, char out[CP_ADDRESS_SIZE])
{
	char peer[CP_ADDRESS_SIZE], list[CP_HEADERS_MAX];
	int len;

	cp_peer_address(wsi, peer);
	/* Several headers of this name are one list (RFC 9110, 5.3); libwebsockets joins them. */
	len = lws_hdr_copy(wsi, list, sizeof(list), WSI_TOKEN_X_FORWARDED_FOR);
	cp_forwarded_client(s->config, peer, list, len > 0 ? (size_t)len : 0, out);
}

bool cp_client_uses_tls(const struct cp_server *s, struct lws *wsi)
{
	static const char name[] = "x-forwarded-proto:";
	char peer[CP_ADDRESS_SIZE], scheme[8];

	if (lws_is_ssl(wsi))
		return true;
	cp_peer_address(wsi, peer);
	return cp_proxy_trusted(s->config, peer) &&
	       lws_hdr_custom_copy(wsi, scheme, sizeof(scheme), name, sizeof(name) - 1) > 0 &&
	       strcasecmp(scheme, "https") == 0;
}

bool cp_client_query(struct lws *wsi, const char *name, const char *absent, char *out, size_t size)
{
	char buf[CP_HEADERS_MAX]; /* libwebsockets reports a value that does not fit as absent */
	const char *value = lws_get_urlarg_by_name(wsi, name, buf, sizeof(buf));

	return snprintf(out, size, "%s", value ? value : absent) < (int)size;
}
