// SPDX-License-Identifier: Apache-2.0
// configuration.mjs FILE CERTIFICATE KEY ADDRESS...: prints FILE's configuration ("" is the
// built-in one) with that certificate and those announced addresses. An empty CERTIFICATE and an
// empty list of addresses change nothing.
import { readFileSync } from "node:fs";

const [file, certificate, key, ...announced] = process.argv.slice(2);
const configuration = file === "" ? {} : JSON.parse(readFileSync(file, "utf8"));

if (certificate !== "")
	configuration.tls = { certificate, key };
if (announced.length > 0)
	configuration.network = { ...configuration.network, announced };
console.log(JSON.stringify(configuration, null, "\t"));
