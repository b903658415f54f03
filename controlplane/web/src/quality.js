// SPDX-License-Identifier: Apache-2.0

/** The layers of what a viewer receives: which there are, and which one it gets. */
export class Quality {
	/** The layers of each producer, as the notice has them, by its id. */
	#layers = new Map();
	/** The spatial layer of each consumer, null while it gets none, by its id. */
	#current = new Map();

	/**
	 * null if nothing has more than one layer; otherwise { options: [{ layer, words }], current }.
	 * Of several pictures the one with the most layers is meant.
	 */
	get shown() {
		const layers = [...this.#layers.values()].sort((a, b) => b.length - a.length)[0] ?? [];
		if (layers.length < 2)
			return null;
		const current = [...this.#current.values()].filter((layer) => layer !== null);
		return {
			options: layers.map(({ spatialLayer: layer, height, active }) => ({ layer,
				words: `${height ? `${height}p` : nameOf(layer, layers.length)}${active ? "" : " (off)"}` })),
			current: current.length > 0 ? Math.max(...current) : null,
		};
	}

	/** The data of a notice `layers`. */
	setLayers({ producerId, layers }) {
		this.#layers.set(producerId, layers);
	}

	/** The data of a notice `layersChange`. */
	setCurrent({ consumerId, spatialLayer }) {
		this.#current.set(consumerId, spatialLayer);
	}

	/** A consumer was closed. */
	remove({ id, producerId }) {
		this.#current.delete(id);
		this.#layers.delete(producerId);
	}
}

/** A layer whose size is not known yet. */
function nameOf(layer, count) {
	if (layer === 0)
		return "Lowest";
	return layer === count - 1 ? "Highest" : `Layer ${layer + 1}`;
}
