// The field of a command's option that is a file: chosen, dropped or pasted, and uploaded at once.

import { el } from "./dom.js";

export const ATTACHMENT = 11;
const EMPTY = "Choose a file, or drop it here";

export class AttachmentField {
  /** `form` has help(text) and upload(file), as for OptionField. */
  constructor(option, form) {
    this.option = option;
    this.form = form;
    this.uploaded = null; // the attachment, once it is there
    this.failed = null; // why it is not
    this.uploading = null; // a promise meanwhile
    this.input = el("input", {
      id: `option-${option.name}`,
      class: "file-input",
      type: "file",
      required: Boolean(option.required),
      "aria-describedby": "command-help",
      onfocus: () => this.form.help(this.describe()),
      onchange: () => this.#changed(),
    });
    this.shown = el("span", { class: "file-shown" }, EMPTY);
    this.element = el(
      "label",
      { class: "field file-field" },
      el("span", { class: "field-name" }, option.name, option.required ? el("span", { class: "must", title: "required" }, "*") : null),
      this.shown,
      this.input,
    );
  }

  get value() {
    return this.uploaded?.id ?? "";
  }

  /** What can be typed again: a file cannot. */
  get text() {
    return "";
  }

  describe() {
    return `${this.option.description}${this.option.required ? " (required)" : ""}`;
  }

  set() {
    this.input.value = "";
    this.#changed();
  }

  /** Takes a file that was dropped or pasted. */
  take(file) {
    const held = new DataTransfer();
    held.items.add(file);
    this.input.files = held.files;
    this.#changed();
    this.input.focus();
  }

  fault(text) {
    this.element.classList.toggle("wrong", Boolean(text));
    if (text) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    this.input.title = text ?? "";
  }

  /** Resolves once the file is there, or will not be. */
  async settled() {
    await this.uploading;
  }

  #changed() {
    const [file] = this.input.files;
    this.uploaded = this.failed = null;
    this.fault(null);
    this.shown.replaceChildren(file ? `${file.name} …` : EMPTY);
    this.uploading = file ? this.#upload(file) : null;
  }

  async #upload(file) {
    const stale = () => this.input.files[0] !== file;
    try {
      const uploaded = await this.form.upload(file);
      if (stale()) return;
      this.uploaded = uploaded;
      this.shown.replaceChildren(...preview(uploaded));
    } catch (error) {
      if (stale()) return;
      this.failed = error.message;
      this.fault(error.message);
      this.shown.replaceChildren(file.name);
      this.form.help(`${this.option.name}: ${error.message}`);
    }
  }
}

/** A small picture of a file, if it is one, and its name. */
export function preview(attachment) {
  const picture = attachment.width ? el("img", { class: "file-preview", src: attachment.url, alt: "" }) : null;
  return [picture, el("span", { class: "file-name" }, attachment.filename)].filter(Boolean);
}
