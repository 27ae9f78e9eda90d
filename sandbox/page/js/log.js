// The list of messages: what is in it, what waits for an answer, and where it is scrolled to.

import { avatar, byId, el } from "./dom.js";
import { failure, isLoading, messageElement, thinking, usedLine } from "./message.js";

const GROUP_WITHIN_MS = 5 * 60_000;
const NEAR_BOTTOM_PX = 120;

export class Log {
  /** `ctx` as in message.js, without find, isBusy and failure, which the log itself knows. */
  constructor(ctx) {
    this.messages = new Map(); // id → message, oldest first
    this.busy = new Map(); // nonce → {messageId, customId} of a click that waits for its answer
    this.failures = new Set(); // ids of messages whose last click failed
    this.pending = new Map(); // nonce → element of a command that waits for its answer, or got none
    this.ctx = {
      ...ctx,
      find: (id) => this.messages.get(id),
      failure: (id) => this.failures.has(id),
      isBusy: (id, customId) => [...this.busy.values()].some((b) => b.messageId === id && b.customId === customId),
    };
    this.scroller = byId("log");
    this.list = byId("messages");
    this.newest = byId("newest");
    this.stuck = true; // to the bottom
    this.scroller.addEventListener("scroll", () => this.#scrolled());
    this.newest.addEventListener("click", () => this.toBottom(true));
    // Pictures and fields change heights without a scroll of the person's own.
    const resized = new ResizeObserver(() => { if (this.stuck) this.toBottom(); });
    for (const node of [this.list, this.scroller]) resized.observe(node);
  }

  /** Starts over with this history. */
  reset(messages) {
    this.messages = new Map(messages.map((message) => [message.id, message]));
    this.failures.clear();
    this.busy.clear();
    this.pending.clear();
    this.list.replaceChildren(...this.#elements(messages));
    this.stuck = true;
    this.toBottom();
  }

  prepend(messages) {
    const height = this.scroller.scrollHeight;
    this.messages = new Map([...messages.map((message) => [message.id, message]), ...this.messages]);
    this.list.prepend(...this.#elements(messages));
    this.scroller.scrollTop += this.scroller.scrollHeight - height;
  }

  /** Adds or replaces one message. */
  put(message) {
    const known = this.messages.has(message.id);
    this.messages.set(message.id, message);
    if (known) {
      this.failures.delete(message.id);
      this.redraw(message.id);
    } else {
      this.list.append(this.#element(message, [...this.messages.values()].at(-2)));
      if (this.stuck) this.toBottom();
      else this.newest.hidden = false;
    }
  }

  remove(id) {
    this.messages.delete(id);
    byId(`m${id}`)?.remove();
  }

  /** Draws a message again, and keeps the focus where it is. */
  redraw(id) {
    const old = byId(`m${id}`);
    const message = this.messages.get(id);
    if (!old || !message) return;
    const all = [...this.messages.values()];
    const node = this.#element(message, all[all.indexOf(message) - 1]);
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.customId : undefined;
    old.replaceWith(node);
    if (focused) node.querySelector(`[data-custom-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  clicked(nonce, messageId, customId) {
    this.busy.set(nonce, { messageId, customId });
    this.failures.delete(messageId);
    this.redraw(messageId);
  }

  /** The click has its first answer, or will never have one. */
  answered(nonce, failed) {
    const click = this.busy.get(nonce);
    if (!click) return;
    this.busy.delete(nonce);
    if (failed) this.failures.add(click.messageId);
    this.redraw(click.messageId);
  }

  /** Shows a command on its way. */
  sent(nonce, me, bot, command) {
    const node = el(
      "article",
      { class: "message" },
      usedLine(me.id, me.name, command),
      avatar(bot, true),
      el("div", { class: "body" }, el("header", {}, el("span", { class: "author" }, bot.name)), thinking("Sending command")),
    );
    this.pending.set(nonce, node);
    this.list.append(node);
    this.toBottom(true);
  }

  /** The command has its answer among the messages, or failed. */
  settled(nonce, failed) {
    const node = this.pending.get(nonce);
    if (!node) return;
    if (!failed) {
      this.pending.delete(nonce);
      node.remove();
      return;
    }
    const dismiss = () => { this.pending.delete(nonce); node.remove(); };
    node.querySelector(".thinking").replaceWith(
      failure("The application did not respond"),
      el("footer", { class: "note" }, "Only you can see this · ",
        el("button", { type: "button", class: "plain link", onclick: dismiss }, "Dismiss message")),
    );
    if (this.stuck) this.toBottom();
  }

  toBottom(smooth = false) {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.stuck = true;
    this.newest.hidden = true;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    // Growing content moves the bottom away; only the person's own scrolling lets go of it.
    if (near || scrollTop < (this.lastTop ?? 0)) this.stuck = near;
    this.lastTop = scrollTop;
    if (near) this.newest.hidden = true;
  }

  #elements(messages) {
    return messages.map((message, index) => this.#element(message, messages[index - 1]));
  }

  #element(message, previous) {
    const grouped = previous && message.type === 0 && previous.type === 0
      && message.author.id === previous.author.id && !isLoading(message)
      && Date.parse(message.timestamp) - Date.parse(previous.timestamp) < GROUP_WITHIN_MS;
    return messageElement(message, this.ctx, Boolean(grouped));
  }
}
