// SPDX-License-Identifier: Apache-2.0
// This is a file of its own so that its bundle has a name that tells what it contains.
export { io } from "socket.io-client";
