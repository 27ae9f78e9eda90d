// Dialogs that the bot opens. A dialog stays open until the bot has taken its content.

import { byId, el, toast } from "./dom.js";
import { markup } from "./markup.js";

const PARAGRAPH = 2;
const ROW = 1, TEXT = 10, LABEL = 18;

export class Dialog {
  /** `submit(interactionId, values)` sends and returns the nonce of what it began. */
  constructor(ctx, submit) {
    this.ctx = ctx;
    this.submit = submit;
    this.node = byId("modal");
    this.nonce = null;
    this.node.addEventListener("cancel", () => { this.nonce = null; });
  }

  open(interactionId, modal) {
    this.interactionId = interactionId;
    this.nonce = null;
    this.inputs = new Map(); // custom_id → {control, fault}
    this.error = el("p", { class: "failure", role: "alert" });
    this.sendButton = el("button", { type: "submit", class: "button primary" }, "Submit");
    const form = el(
      "form",
      { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#send(); } },
      el("h2", { id: "modal-title" }, modal.title),
      modal.components.map((component) => this.#part(component)),
      this.error,
      el("div", { class: "modal-buttons" },
        el("button", { type: "button", class: "button secondary", onclick: () => this.close() }, "Cancel"),
        this.sendButton),
    );
    this.node.replaceChildren(form);
    if (!this.node.open) this.node.showModal();
    [...this.inputs.values()][0]?.control.focus();
  }

  close() {
    this.nonce = null;
    this.node.close();
  }

  /** What became of the content that was sent. */
  answered(nonce, failed) {
    if (nonce !== this.nonce) return;
    if (!failed) {
      this.close();
      return;
    }
    this.nonce = null;
    this.sendButton.disabled = false;
    this.error.textContent = "Something went wrong. Try again.";
  }

  /** The connection was lost: what became of the content that was sent is not known. */
  forget() {
    if (this.nonce) this.answered(this.nonce, true);
  }

  #part(component) {
    if (component.type === TEXT) return markup(component.content, this.ctx);
    if (component.type === LABEL) return this.#input(component.component, component.label, component.description);
    if (component.type === ROW) return component.components.map((child) => this.#input(child, child.label));
    return [];
  }

  #input(data, label, description) {
    const id = `modal-${data.id}`;
    const fault = el("span", { class: "fault", id: `${id}-fault` });
    const control = data.options ? this.#select(data, id) : this.#text(data, id);
    this.inputs.set(data.custom_id, { control, fault, data });
    const counter = data.max_length ? el("span", { class: "counter" }) : null;
    const count = () => { if (counter) counter.textContent = `${control.value.length}/${data.max_length}`; };
    control.addEventListener("input", count);
    count();
    return el(
      "div",
      { class: "modal-field" },
      el("label", { for: id }, label, data.required === false ? null : el("span", { class: "must", title: "required" }, " *")),
      description ? el("p", { class: "subtext" }, description) : null,
      control,
      el("p", { class: "modal-help" }, fault, counter),
    );
  }

  #text(data, id) {
    return el(data.style === PARAGRAPH ? "textarea" : "input", {
      id,
      type: data.style === PARAGRAPH ? null : "text",
      rows: data.style === PARAGRAPH ? "4" : null,
      autocomplete: "off",
      placeholder: data.placeholder ?? null,
      maxlength: data.max_length ?? 4000,
      required: data.required !== false,
      "aria-describedby": `${id}-fault`,
      value: data.value ?? "",
    });
  }

  #select(data, id) {
    const several = (data.max_values ?? 1) > 1;
    const options = data.options.map((option) => el("option", { value: option.value, selected: Boolean(option.default) }, option.label));
    if (!several) options.unshift(el("option", { value: "" }, data.placeholder ?? "Make a selection"));
    return el("select", { id, multiple: several, "aria-describedby": `${id}-fault` }, options);
  }

  async #send() {
    if (this.nonce) return;
    const values = {};
    for (const [customId, { control, fault }] of this.inputs) {
      fault.textContent = "";
      control.removeAttribute("aria-invalid");
      values[customId] = control.selectedOptions
        ? [...control.selectedOptions].map((option) => option.value).filter(Boolean)
        : control.value;
    }
    this.error.textContent = "";
    this.sendButton.disabled = true;
    try {
      await this.submit(this.interactionId, values, (nonce) => { this.nonce = nonce; });
    } catch (error) {
      this.nonce = null;
      this.sendButton.disabled = false;
      this.#faults(error);
    }
  }

  #faults(error) {
    const faults = Object.entries(error.fields ?? {}).filter(([customId]) => this.inputs.has(customId));
    for (const [customId, text] of faults) {
      const { control, fault } = this.inputs.get(customId);
      fault.textContent = text;
      control.setAttribute("aria-invalid", "true");
    }
    if (faults.length) this.inputs.get(faults[0][0]).control.focus();
    else if (this.node.open) this.error.textContent = error.message;
    else toast(error.message);
  }
}
