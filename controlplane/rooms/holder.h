/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_HOLDER_H
#define SPATE_CONTROLPLANE_ROOMS_HOLDER_H

/* Says for whom objects count in the shares of the tables (share.h). */

struct cp_address;

/* The holder is a user of both objects (admission/address.h). NULL: not known, or none. */
struct cp_holder {
	struct cp_address *address; /* of the client */
	struct cp_address *subject; /* stands for the user whom a token names */
};

#endif
