// SPDX-License-Identifier: Apache-2.0
// Tables that change every second and keep what a person does with them: rows are kept by their key, so
// that the focus stays on a button and a selection on a text. Names of clients enter as text only.

/** A column: { title, number?, className?, text(item) } or { title, button: { words(item), label(item), act(item), danger? } }. */
export class Table {
	#columns;
	#key;
	#body;
	#rows = new Map();

	constructor(element, columns, key) {
		this.#columns = columns;
		this.#key = key;
		const row = element.createTHead().insertRow();
		for (const { title, number } of columns) {
			const cell = document.createElement("th");
			cell.scope = "col";
			cell.textContent = title;
			cell.classList.toggle("number", Boolean(number));
			row.append(cell);
		}
		this.#body = element.createTBody();
	}

	show(items) {
		const keys = new Set(items.map(this.#key));
		for (const [key, row] of this.#rows)
			if (!keys.has(key)) {
				row.remove();
				this.#rows.delete(key);
			}
		items.forEach((item, place) => {
			const row = this.#rows.get(this.#key(item)) ?? this.#make(item);
			row.item = item;
			this.#columns.forEach((column, i) => this.#fill(row.cells[i], column, item));
			if (this.#body.rows[place] !== row)
				this.#body.insertBefore(row, this.#body.rows[place] ?? null);
		});
	}

	#make(item) {
		const row = document.createElement("tr");
		for (const { number, className, button } of this.#columns) {
			const cell = row.insertCell();
			cell.classList.toggle("number", Boolean(number));
			if (className)
				cell.classList.add(className);
			if (!button)
				continue;
			const element = document.createElement("button");
			element.type = "button";
			element.classList.toggle("danger", Boolean(button.danger));
			element.addEventListener("click", () => button.act(row.item));
			cell.append(element);
		}
		this.#rows.set(this.#key(item), row);
		return row;
	}

	#fill(cell, { text, button }, item) {
		const target = button ? cell.firstChild : cell;
		const words = button ? button.words(item) : text(item);
		if (target.textContent !== words)
			target.textContent = words;
		if (button) {
			target.setAttribute("aria-label", button.label(item));
			target.hidden = words === "";
		} else if (words.length > 40) {
			cell.title = words;
		}
	}
}
