// The message box: plain text, or a command with its options.

import { ATTACHMENT, AttachmentField } from "./attachment.js";
import { choices } from "./choices.js";
import { byId, toast } from "./dom.js";
import { OptionField } from "./options.js";
import { Pending } from "./pending.js";
import { matching, typedCommand } from "./typed.js";

const PLACEHOLDER = "Type / for commands";

export class Composer {
  /** `host`: me(), people(), commands(), channelName(), say(text, files), run(command, values),
   * suggest(name, option, values), upload(file). */
  constructor(host) {
    this.host = host;
    this.command = null;
    this.fields = [];
    this.last = null; // the command sent last: {name, texts}
    this.form = byId("composer");
    this.input = byId("message-input");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.form.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("blur", () => { if (choices.field === this.input) choices.close(); });
    this.pending = new Pending((file) => host.upload(file));
    this.#takeDropped();
    byId("command-close").addEventListener("click", () => this.leave());
  }

  /** Opens a command's fields; `texts`: option → text to begin with. */
  enter(command, texts = {}) {
    choices.close();
    this.command = command;
    const form = {
      people: () => this.host.people(),
      channelName: () => this.host.channelName(),
      upload: (file) => this.host.upload(file),
      help: (text) => { byId("command-help").textContent = text; },
      suggest: (option) => this.host.suggest(command.name, option, this.#values()),
    };
    this.fields = command.options.map((option) => new (option.type === ATTACHMENT ? AttachmentField : OptionField)(option, form));
    for (const field of this.fields) field.set(texts[field.option.name] ?? "");
    byId("command-name").textContent = `/${command.name}`;
    form.help(command.description);
    byId("fields").replaceChildren(...this.fields.map((field) => field.element));
    byId("command").hidden = false;
    this.form.classList.add("in-command");
    this.input.value = "";
    this.input.readOnly = true;
    this.input.hidden = command.options.length > 0;
    this.input.placeholder = "Press Enter to send";
    this.#grow();
    const next = this.fields.find((field) => !field.input.value);
    (next?.input ?? this.fields[0]?.input ?? this.input).focus();
  }

  /** Back to an empty message. */
  leave(text = "") {
    choices.close();
    this.command = null;
    this.fields = [];
    byId("command").hidden = true;
    this.form.classList.remove("in-command");
    this.input.readOnly = this.input.hidden = false;
    this.input.value = text;
    this.input.placeholder = PLACEHOLDER;
    this.input.focus();
    this.#grow();
    if (text) this.#typed();
  }

  /** The list of commands has changed; a command that is being filled in stays as it is. */
  refresh() {
    if (!this.command && this.input.value.startsWith("/")) this.#typed();
  }

  async send() {
    if (this.command) {
      await this.#sendCommand();
      return;
    }
    const text = this.input.value.trim();
    const files = this.pending.ids;
    if (!text && !files.length) return;
    if (text.startsWith("/")) {
      const typed = typedCommand(`${text} `, this.host.commands());
      if (typed) this.enter(typed.command, typed.texts);
      else toast(`There is no command ${text.split(" ")[0]} here.`);
      return;
    }
    try {
      await this.host.say(text, files);
      this.input.value = "";
      this.pending.clear();
      this.#grow();
    } catch (error) {
      toast(error.message);
    }
  }

  async #sendCommand() {
    const { command, fields } = this;
    await Promise.all(fields.map((field) => field.settled()));
    if (this.command !== command) return;
    const missing = fields.find((field) => field.option.required && field.value === "");
    const fault = missing && (missing.failed ?? "This option is required.");
    for (const field of fields) field.fault(field === missing ? fault : null);
    if (missing) {
      missing.input.focus();
      byId("command-help").textContent = missing.failed ? `${missing.option.name}: ${fault}` : `${missing.option.name} is required.`;
      return;
    }
    choices.close();
    try {
      const texts = Object.fromEntries(fields.map((field) => [field.option.name, field.text]));
      await this.host.run(command, this.#values());
      this.last = { name: command.name, texts };
      if (this.command === command) this.leave();
    } catch (error) {
      const faults = error.fields ?? {};
      const wrong = fields.filter((field) => faults[field.option.name]);
      for (const field of wrong) field.fault(faults[field.option.name]);
      if (wrong.length) {
        wrong[0].input.focus();
        choices.close();
        byId("command-help").textContent = `${wrong[0].option.name}: ${faults[wrong[0].option.name]}`;
      } else {
        toast(error.message);
      }
    }
  }

  #values() {
    return Object.fromEntries(
      this.fields.filter((field) => field.value !== "").map((field) => [field.option.name, field.value]),
    );
  }

  #typed() {
    this.#grow();
    const text = this.input.value;
    if (this.command || !text.startsWith("/")) {
      choices.close();
      return;
    }
    const typed = typedCommand(text, this.host.commands());
    if (typed) {
      this.enter(typed.command, typed.texts);
      return;
    }
    const items = matching(text, this.host.commands()).map((command) => ({
      name: `/${command.name}`,
      help: command.description,
      tag: command.options.map((option) => (option.required ? option.name : `[${option.name}]`)).join(" "),
      command,
    }));
    choices.open(this.input, items.length ? "Commands" : "No command matches", items, (item) => this.enter(item.command));
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Tab" && !event.shiftKey && choices.isOpen && choices.active >= 0) {
      const inField = this.command !== null;
      choices.take();
      if (!inField) event.preventDefault();
      return; // the browser's own Tab then goes on to the next field
    }
    if (choices.key(event)) event.preventDefault();
    else if (event.key === "Enter" && event.target.type === "file" && !event.target.files.length) {
      event.preventDefault();
      event.target.showPicker();
    } else if (event.key === "Enter" && !event.shiftKey && !event.target.closest("button")) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && this.command) this.leave();
    else if (event.key === "Backspace" && this.command && !event.target.value) this.#backspace(event);
    else if (event.key === "ArrowUp" && !this.command && !this.input.value && this.last) this.#repeat(event);
  }

  /** Backspace in an empty field goes to the one before it, and from the first one back to text. */
  #backspace(event) {
    event.preventDefault();
    const at = this.fields.findIndex((field) => field.input === event.target);
    if (at > 0) this.fields[at - 1].input.focus();
    else if (this.fields.every((field) => !field.input.value)) this.leave(`/${this.command.name}`);
  }

  /** Files that are dropped anywhere, or pasted into the box, go to the command's option, or to the message. */
  #takeDropped() {
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const mark = (on) => this.form.classList.toggle("dropping", on);
    addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); mark(true); } });
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      mark(false);
      this.#take([...event.dataTransfer.files]);
    });
    this.form.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.#take(files);
    });
  }

  #take(files) {
    if (!files.length || document.querySelector("dialog[open]")) return;
    if (!this.command) {
      this.pending.add(files);
      return;
    }
    const takers = this.fields.filter((field) => field instanceof AttachmentField);
    if (!takers.length) toast(`/${this.command.name} takes no file.`);
    else (takers.find((field) => !field.value) ?? takers[0]).take(files[0]);
  }

  #repeat(event) {
    const command = this.host.commands().find((c) => c.name === this.last.name);
    if (!command) return;
    event.preventDefault();
    this.enter(command, this.last.texts);
  }

  #grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
  }
}
