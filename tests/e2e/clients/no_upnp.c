/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stands for libgupnp-igd, without UPnP. Debian 12's simple-whip-client uses libsoup 2.4, and its
 * libnice brings libsoup 3 by way of libgupnp-igd; libsoup ends a process that has both. With this
 * library in its place the client runs.
 */

#include <stddef.h>

enum { G_TYPE_OBJECT = 20 << 2 /* GLib's number of the basic class */ };

size_t gupnp_simple_igd_get_type(void);
void *gupnp_simple_igd_thread_new(void);
void gupnp_simple_igd_add_port(void);
void gupnp_simple_igd_remove_port_local(void);

size_t gupnp_simple_igd_get_type(void)
{
	return G_TYPE_OBJECT;
}

/* libnice works without it, and says so in its log. */
void *gupnp_simple_igd_thread_new(void)
{
	return NULL;
}

void gupnp_simple_igd_add_port(void)
{
}

void gupnp_simple_igd_remove_port_local(void)
{
}
