// SPDX-License-Identifier: Apache-2.0
// Names of rooms and users as applications have them, in both dialects, in the log and at the operator.
import { setTimeout as sleep } from "node:timers/promises";
import { spatectl } from "../e2e/lib/spatectl.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const NAMES = ["auth0|5f7c8e", "anna.maria+tv@example.com", "https://id.example.org/users/42?x=1&y=2#me", "a b", "../x",
	"a/../b", "100%", "%41", "a&user=b", "a=b;c", "caf\u00e9", "\u5b89\u5a1c", "\ud83c\udfac", "say \"hi\" \\ bye",
	"a peer=root user=root", "x".repeat(255), "\u5b89".repeat(85)];

/* As a program encodes a URL, and as a form of a page does. */
const ENCODINGS = [(text) => encodeURIComponent(text), (text) => new URLSearchParams([["", text]]).toString().slice(1)];

async function inBothDialects() {
	for (const name of NAMES) {
		for (const encode of ENCODINGS) {
			const plain = await Client.open(`?room=${encode(name)}&user=${encode(name)}`);
			await plain.heard("rtpCapabilities");
			const { rooms } = spatectl("rooms");
			check(rooms.length === 1 && rooms[0].name === name, `the room is "${rooms[0]?.name}"`);
			if (encode === ENCODINGS[0]) {
				const socket = await SocketClient.join(name, { auth: { userId: name } });
				check(spatectl("rooms").rooms[0].peers === 2, "and is the same over Socket.IO");
				check((await (await fetch(`${ORIGIN}/rooms`)).json()).rooms[0].name === name, "and in the list of rooms");
				await socket.end();
			}
			await plain.end();
			await sleep(20);
		}
	}
}

async function theSameUserAgain() {
	const who = encodeURIComponent("auth0|5f7c8e");
	const first = await Client.open(`?room=same&user=${who}`);
	await first.heard("rtpCapabilities");
	const { id } = await first.transport("send");
	const second = await SocketClient.join("same", { auth: { userId: "auth0|5f7c8e" } });
	check((await first.heard("transportClosed")).data.transportId === id, "the same user again takes over");
	await first.end();
	await second.end();
}

async function theOperatorCloses(name) {
	const client = await Client.open(`?room=${encodeURIComponent(name)}`);
	await client.heard("rtpCapabilities");
	check(spatectl("room", "close", name).closing === name, `spatectl room close '${name.slice(0, 20)}'`);
	check((await client.heard("roomClosed")).data.roomId === name, "and its peer hears the name");
	await client.end();
}

/** A log without personal data: addresses are masked, users are left out. */
async function anonymously(defer, from) {
	const servers = new Servers({ log: { addresses: "masked", users: "none" } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	const plain = await Client.open("?room=quiet&user=anna");
	await plain.heard("rtpCapabilities");
	await plain.end();
	const socket = await SocketClient.join("quiet", { auth: { userId: "anna" } });
	await socket.end();
	await (await Client.open("?room=")).heard("error");
	await SocketClient.open({ auth: { token: 7 } }).catch(() => {});
	await servers.controlplane.end();
	const output = servers.controlplane.output.slice(from).replaceAll(/^.* listening-admin .*$/gm, ""); // our own address
	check(output.split(" user=- address=127.0.0.0/24 ").length === 3, "joins have networks only");
	check(output.split("join-refused address=127.0.0.0/24 ").length === 3, "and so have refusals");
	check(output.includes("socket-closing address=127.0.0.0/24 "), "and closing sockets");
	check(!/127\.0\.0\.1|anna/.test(output), "nobody is named");
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	await inBothDialects();
	await theSameUserAgain();
	for (const name of ["say \"hi\" \\ bye", "\u5b89".repeat(85)])
		await theOperatorCloses(name);
	const { output } = servers.controlplane;
	check(output.includes('peer-joined room="a peer=root user=root" peer='), "the log quotes a name");
	check(!/ room=a peer=root/.test(output) && !/ user=root/.test(output.replaceAll(/"[^"]*"/g, "")),
		"so that it cannot pass for other values");
	check(output.includes(`room=${"x".repeat(255)} `), "and has long ones whole");
	check(output.includes("address=127.0.0.1 "), "and addresses");
	await servers.controlplane.end();
	await anonymously(defer, output.length);
});
