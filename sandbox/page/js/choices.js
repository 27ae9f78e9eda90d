// The list above the message box: commands, an option's choices, or what the bot suggests.
// The focus stays in the field; arrow keys move through the list.

import { byId, el } from "./dom.js";

const box = byId("choices");
const list = byId("choices-list");
const title = byId("choices-title");

export const choices = {
  field: null, // the input that the list belongs to
  items: [],
  active: -1,

  get isOpen() {
    return !box.hidden;
  },

  /** `items`: {name, help?, value, tag?}; `pick(item)` is called when the person takes one. */
  open(field, heading, items, pick, active = 0) {
    if (this.field && this.field !== field) this.close();
    this.field = field;
    this.items = items;
    this.pick = pick;
    title.textContent = heading;
    list.replaceChildren(...items.map((item, index) => el(
      "li",
      {
        id: `choice-${index}`,
        role: "option",
        // pointerdown, because a click would first take the focus from the field
        onpointerdown: (event) => { event.preventDefault(); this.take(index); },
      },
      el("span", { class: "choice-text" },
        el("span", { class: "choice-name" }, item.name),
        item.help ? el("span", { class: "choice-help" }, item.help) : null),
      item.tag ? el("span", { class: "choice-tag" }, item.tag) : null,
    )));
    box.hidden = false;
    field.setAttribute("aria-expanded", "true");
    this.move(items.length ? active : -1);
  },

  /** Only words: nothing to choose (yet). */
  say(field, heading) {
    this.open(field, heading, [], () => {}, -1);
  },

  close() {
    box.hidden = true;
    this.field?.setAttribute("aria-expanded", "false");
    this.field?.removeAttribute("aria-activedescendant");
    this.field = null;
    this.items = [];
    this.active = -1;
  },

  move(index) {
    this.active = index;
    for (const [at, node] of [...list.children].entries()) node.setAttribute("aria-selected", String(at === index));
    const node = list.children[index];
    if (node) {
      this.field.setAttribute("aria-activedescendant", node.id);
      node.scrollIntoView({ block: "nearest" });
    } else {
      this.field?.removeAttribute("aria-activedescendant");
    }
  },

  take(index = this.active) {
    const item = this.items[index];
    if (!item) return false;
    const pick = this.pick;
    this.close();
    pick(item);
    return true;
  },

  /** Handles a key of the field; true when it was one for the list. */
  key(event) {
    if (!this.isOpen || event.target !== this.field) return false;
    const count = this.items.length;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown" && count) this.move((this.active + 1) % count);
    else if (event.key === "ArrowUp" && count) this.move((this.active <= 0 ? count : this.active) - 1);
    else if (event.key === "Enter" && !event.shiftKey) return this.take();
    else return false;
    return true;
  },
};
