// Files that wait beside the message box until the message is sent.

import { preview } from "./attachment.js";
import { byId, el, toast } from "./dom.js";

export class Pending {
  /** `upload(file)` resolves to the attachment. */
  constructor(upload) {
    this.upload = upload;
    this.files = []; // attachments
    this.list = byId("pending");
    this.picker = byId("attach-input");
    byId("attach").addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => {
      const chosen = [...this.picker.files];
      this.picker.value = "";
      this.add(chosen);
    });
  }

  get ids() {
    return this.files.map((file) => file.id);
  }

  async add(files) {
    for (const file of files) {
      try {
        this.files.push(await this.upload(file));
      } catch (error) {
        toast(`${file.name}: ${error.message}`);
      }
    }
    this.#draw();
    byId("message-input").focus();
  }

  clear() {
    this.files = [];
    this.#draw();
  }

  #draw() {
    this.list.hidden = !this.files.length;
    this.list.replaceChildren(...this.files.map((file) => el(
      "li",
      {},
      preview(file),
      el("button", {
        type: "button",
        class: "icon",
        "aria-label": `Remove ${file.filename}`,
        onclick: () => {
          this.files = this.files.filter((other) => other !== file);
          this.#draw();
          byId("message-input").focus();
        },
      }, "✕"),
    )));
  }
}
