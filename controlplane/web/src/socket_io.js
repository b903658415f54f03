// SPDX-License-Identifier: Apache-2.0
// A file of its own, so that its bundle has a name that says what is in it.
export { io } from "socket.io-client";
