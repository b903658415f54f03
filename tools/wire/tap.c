/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAMESPACE_MAX = 100, PATH_MAX_LEN = NAMESPACE_MAX + 20 };

static bool read_place(const char *place, char *path, char *device)
{
	const char *colon = strchr(place, ':');
	size_t len = colon ? (size_t)(colon - place) : 0;

	if (!colon || len >= NAMESPACE_MAX || memchr(place, '/', len) || strlen(colon + 1) >= IFNAMSIZ ||
		!colon[1])
		return false;
	strcpy(path, "/proc/self/ns/net");
	if (len > 0)
		snprintf(path, PATH_MAX_LEN, "/run/netns/%.*s", (int)len, place);
	strcpy(device, colon + 1);
	return true;
}

static int set_up(const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;
	struct ifreq request = {0};

	if (fd < 0)
		return errno;
	strcpy(request.ifr_name, device);
	request.ifr_flags = IFF_UP;
	rc = ioctl(fd, SIOCSIFFLAGS, &request) ? errno : 0;
	close(fd);
	return rc;
}

/* In the namespace that the thread is in. */
static int open_here(const char *device)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), rc;
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	if (fd < 0)
		return -errno;
	strcpy(request.ifr_name, device);
	rc = ioctl(fd, TUNSETIFF, &request) ? errno : set_up(device);
	if (rc == 0)
		return fd;
	close(fd);
	return -rc;
}

int wire_tap_open(const char *place, char *err, size_t err_size)
{
	char path[PATH_MAX_LEN], device[IFNAMSIZ];
	int fd = -EINVAL, home, there;

	if (!read_place(place, path, device)) {
		snprintf(err, err_size, "%s is not NAMESPACE:DEVICE", place);
		return -EINVAL;
	}
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET)) {
		fd = -errno;
	} else {
		fd = open_here(device);
		if (setns(home, CLONE_NEWNET) && fd >= 0) {
			close(fd);
			fd = -EIO;
		}
	}
	if (fd < 0)
		snprintf(err, err_size, "%s: %s", place, strerror(-fd));
	if (home >= 0)
		close(home);
	if (there >= 0)
		close(there);
	return fd;
}
