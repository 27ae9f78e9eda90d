// The context menu of a message: the bot's commands for it. By a right click, the menu key, or the button.

import { byId, el } from "./dom.js";

const MARGIN_PX = 8;

export class MessageMenu {
  /** `run(message, name)` runs a command. */
  constructor(run) {
    this.run = run;
    this.names = [];
    this.node = byId("message-menu");
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.node.addEventListener("focusout", (event) => { if (!this.node.contains(event.relatedTarget)) this.#close(); });
    addEventListener("pointerdown", (event) => { if (!this.node.contains(event.target)) this.#close(); });
    byId("log").addEventListener("scroll", () => this.#close());
  }

  /** The commands that there are now. */
  set(names) {
    this.names = names;
    byId("messages").classList.toggle("has-menus", names.length > 0);
  }

  /** Opens below `from`, which gets the focus back, or at a point of the window. False if there is nothing in it. */
  open(message, from, point = null) {
    if (!this.names.length) return false;
    this.from = from;
    this.node.replaceChildren(
      el("p", { class: "choices-title", id: "message-menu-title" }, "Apps"),
      ...this.names.map((name) => el(
        "button",
        { type: "button", role: "menuitem", tabindex: "-1", class: "plain", onclick: () => this.#take(message, name) },
        name,
      )),
    );
    this.node.hidden = false;
    const { width, height } = this.node.getBoundingClientRect();
    const box = from.getBoundingClientRect();
    const { x, y } = point ?? { x: box.right - width, y: box.bottom + 4 };
    const within = (value, size, room) => Math.max(MARGIN_PX, Math.min(value, room - size - MARGIN_PX));
    this.node.style.left = `${within(x, width, innerWidth)}px`;
    this.node.style.top = `${within(y, height, innerHeight)}px`;
    this.#items()[0].focus();
    return true;
  }

  #items() {
    return [...this.node.querySelectorAll("[role=menuitem]")];
  }

  #take(message, name) {
    this.#close();
    byId("message-input").focus();
    this.run(message, name);
  }

  #close() {
    this.node.hidden = true;
  }

  #key(event) {
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    if (event.key in moves) items[(moves[event.key] + items.length) % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") { this.#close(); this.from.focus(); } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
