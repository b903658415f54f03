// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { workDir } from "./namespace.mjs";
import { buildDir } from "./servers.mjs";

/** What spatectl answers as JSON. Throws where it fails, with its words. */
export function spatectl(...words) {
	const text = execFileSync(join(buildDir, "tools/spatectl"),
		["--run-dir", join(workDir(), "run"), "--json", ...words], { encoding: "utf8" });
	return JSON.parse(text);
}

/** The same, for a command that takes its time. */
export async function spatectlLater(...words) {
	const { stdout } = await promisify(execFile)(join(buildDir, "tools/spatectl"),
		["--run-dir", join(workDir(), "run"), "--json", ...words], { encoding: "utf8" });
	return JSON.parse(stdout);
}

/** What the server has in a room, with zeros where there is no such room. */
export function roomNow(name = "default") {
	const { rooms } = spatectl("rooms");
	return rooms.find((r) => r.name === name) ?? { peers: 0, transports: 0, producers: 0, consumers: 0 };
}
