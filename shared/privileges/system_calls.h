/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PRIVILEGES_SYSTEM_CALLS_H
#define SPATE_SHARED_PRIVILEGES_SYSTEM_CALLS_H

/*
 * Restricts a running process to the system calls that its work needs (seccomp(2)): whoever gets
 * control of it through a packet cannot execute a program, make memory executable, trace another
 * process, or use a part of the kernel that Spate never uses.
 */

#include <stdbool.h>

/*
 * Restricts all threads of this process for good. Call it when everything is started. A system
 * call outside of the list fails with EPERM; one of those by which an attacker would go on, such as
 * execve(), ends the process with SIGSYS, and the supervisor starts it again.
 * `more`: names of system calls that this process needs beside the common ones; NULL ends the list.
 * False: the kernel or a container does not permit it. Nothing is restricted then, and a warning is
 * logged.
 */
bool sh_system_calls_restrict(const char *const *more);

#endif
