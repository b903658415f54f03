// SPDX-License-Identifier: Apache-2.0

/**
 * A minimal event source: on(name, listener) adds a listener, emit(name, ...arguments) calls them.
 */
export class Emitter {
	#listeners = new Map();

	on(name, listener) {
		const list = this.#listeners.get(name) ?? [];
		list.push(listener);
		this.#listeners.set(name, list);
		return this;
	}

	emit(name, ...args) {
		for (const listener of this.#listeners.get(name) ?? [])
			listener(...args);
	}
}
