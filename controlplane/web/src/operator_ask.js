// SPDX-License-Identifier: Apache-2.0
// Commands of the operator's page, POST /operator/ask. The token is kept in this tab's sessionStorage and
// leaves it in a header alone, never in an address.

const KEY = "spate-operator-token";
const LIMIT_MS = 8000;

/** The server wants another token; `message` says why. */
export class TokenNeeded extends Error {}

export const token = {
	get: () => sessionStorage.getItem(KEY),
	set: (text) => sessionStorage.setItem(KEY, text),
	forget: () => sessionStorage.removeItem(KEY),
};

/** The answer to {cmd, …}. Throws TokenNeeded, or an Error with the server's words. */
export async function ask(command) {
	if (!token.get())
		throw new TokenNeeded("");
	const response = await fetch("/operator/ask", {
		method: "POST",
		headers: { "authorization": `Bearer ${token.get()}`, "content-type": "application/json" },
		body: JSON.stringify(command),
		cache: "no-store",
		credentials: "omit",
		redirect: "error",
		signal: AbortSignal.timeout(LIMIT_MS),
	});
	if (response.status === 401 || response.status === 403)
		throw new TokenNeeded(response.status === 401 ? "This token is not the server's." : await response.text());
	const answer = response.headers.get("content-type")?.startsWith("application/json") ? await response.json() : null;
	if (!answer?.ok)
		throw new Error(answer?.error ?? `the server answered ${response.status}`);
	return answer;
}
