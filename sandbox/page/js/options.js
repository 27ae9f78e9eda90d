// The fields of a command: one per option, with its choices or the bot's suggestions.

import { choices } from "./choices.js";
import { el } from "./dom.js";

const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10;
const HINTS = {
  [STRING]: "text", [INTEGER]: "whole number", [BOOLEAN]: "true or false", [USER]: "someone",
  [CHANNEL]: "channel", [ROLE]: "role", [MENTIONABLE]: "someone", [NUMBER]: "number",
};
const ASK_AFTER_MS = 120;
const ALLOWED = "true false".split(" ");

export class OptionField {
  /** `form` has command, people(), channelName(), values(), help(text), suggest(name, values). */
  constructor(option, form) {
    this.option = option;
    this.form = form;
    this.picked = null; // the choice that was taken, for as long as its name stands in the field
    this.input = el("input", {
      id: `option-${option.name}`,
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      enterkeyhint: "send",
      inputmode: option.type === INTEGER ? "numeric" : option.type === NUMBER ? "decimal" : null,
      maxlength: option.max_length ?? null,
      placeholder: option.choices?.length ? "choose" : HINTS[option.type] ?? "value",
      required: Boolean(option.required),
      "aria-describedby": "command-help",
      onfocus: () => { this.form.help(this.describe()); this.offer(); },
      onblur: () => { if (choices.field === this.input) choices.close(); },
      oninput: () => { this.fault(null); this.picked = null; this.offer(); },
    });
    if (this.closed || option.autocomplete) {
      for (const [name, value] of Object.entries({
        role: "combobox", "aria-autocomplete": "list", "aria-controls": "choices-list", "aria-expanded": "false",
      })) this.input.setAttribute(name, value);
    }
    this.element = el(
      "label",
      { class: "field" },
      el("span", { class: "field-name" }, option.name, option.required ? el("span", { class: "must", title: "required" }, "*") : null),
      this.input,
    );
  }

  /** The choices of an option that has only these; null for a free one. */
  get closed() {
    const { option } = this;
    if (option.choices?.length) return option.choices.map((choice) => ({ name: choice.name, value: choice.value }));
    if (option.type === BOOLEAN) return ALLOWED.map((name) => ({ name, value: name === "true" }));
    if (option.type === USER || option.type === MENTIONABLE) {
      return this.form.people().map((person) => ({ name: person.name, value: person.id, tag: person.admin ? "admin" : null }));
    }
    if (option.type === CHANNEL) return [{ name: this.form.channelName(), value: this.form.channelName() }];
    return null;
  }

  /** What was typed; people may be written as everybody writes them, @Misty. */
  get typed() {
    const typed = this.input.value.trim();
    return this.option.type === USER || this.option.type === MENTIONABLE ? typed.replace(/^@/, "") : typed;
  }

  /** What stands in the field, to be put there again. */
  get text() {
    return this.input.value;
  }

  /** Nothing has to be waited for. */
  async settled() {}

  get value() {
    const typed = this.typed;
    return this.picked?.name.toLowerCase() === typed.toLowerCase() ? this.picked.value : typed;
  }

  describe() {
    const { option } = this;
    const bounds = [
      option.min_value !== undefined && option.max_value !== undefined ? `${option.min_value} to ${option.max_value}` : null,
      option.required ? "required" : null,
    ].filter(Boolean).join(", ");
    return `${option.description}${bounds ? ` (${bounds})` : ""}`;
  }

  set(value) {
    this.input.value = value;
    this.picked = null;
  }

  fault(text) {
    this.element.classList.toggle("wrong", Boolean(text));
    if (text) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    this.input.title = text ?? "";
  }

  /** Shows what could go in here. */
  offer() {
    const typed = this.typed;
    if (this.closed) {
      const found = this.closed.filter((choice) => choice.name.toLowerCase().includes(typed.toLowerCase()));
      // Who has typed a whole choice has chosen it.
      this.picked ??= found.find((choice) => choice.name.toLowerCase() === typed.toLowerCase()) ?? null;
      // Nothing is marked before something is typed, so that Enter sends and does not choose.
      this.#open(found, typed && !this.picked ? 0 : -1);
    } else if (this.option.autocomplete) {
      clearTimeout(this.asking);
      this.asking = setTimeout(() => this.#ask(typed), ASK_AFTER_MS);
    } else if (choices.isOpen) {
      choices.close();
    }
  }

  async #ask(typed) {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const stale = () => turn !== this.turn || document.activeElement !== this.input || this.typed !== typed;
    let answer;
    try {
      answer = await this.form.suggest(this.option.name);
    } catch {
      answer = { answered: false };
    }
    if (stale()) return;
    if (!answer.answered) choices.say(this.input, "Loading options failed");
    else if (this.picked) choices.close();
    else this.#open(answer.choices, typed ? 0 : -1);
  }

  #open(items, active) {
    const heading = items.length ? this.option.name : "Nothing matches this";
    choices.open(this.input, heading, items, (item) => this.#pick(item), active);
  }

  #pick(item) {
    this.input.value = item.name;
    this.picked = item;
    this.fault(null);
    this.input.focus();
  }
}
