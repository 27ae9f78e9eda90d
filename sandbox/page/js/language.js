// Which language one's app is set to: what Discord tells bots with everything that one does.

import { byId } from "./dom.js";

const LANGUAGES = { "en-GB": "EN", "zh-CN": "\u4e2d" }; // what Discord calls it → what the button shows
const KEY = "locale";

export class Language {
  /** `changed()` is called when another one was chosen. */
  constructor(changed) {
    this.locale = localStorage.getItem(KEY) in LANGUAGES ? localStorage.getItem(KEY) : "en-GB";
    this.button = byId("language");
    this.button.addEventListener("click", () => {
      const all = Object.keys(LANGUAGES);
      this.locale = all[(all.indexOf(this.locale) + 1) % all.length];
      localStorage.setItem(KEY, this.locale);
      this.#draw();
      changed();
    });
    this.#draw();
  }

  #draw() {
    this.button.textContent = LANGUAGES[this.locale];
  }
}
