// Where one is: the server's channel, direct messages with the bot, or a group without it.

import { byId, el } from "./dom.js";

const MARKS = { server: "#", direct: "@", group: "∞" };
const SECTIONS = { server: null, direct: "Direct messages", group: "Elsewhere" };
const GREETINGS = {
  server: (name) => `Welcome to #${name}`,
  direct: (name) => `You and ${name}`,
  group: (name) => `Welcome to ${name}`,
};

export class Places {
  /** `go(kind)` is called when the person goes to another place. */
  constructor(go) {
    this.go = go;
    this.here = null;
    this.nav = byId("places");
  }

  get name() {
    return this.here?.name ?? "channel";
  }

  /** How the place is called in a sentence: "#hatchery", "newmon". */
  get called() {
    return this.here?.kind === "server" ? `#${this.name}` : this.name;
  }

  set(list, here, guildName) {
    this.here = here;
    byId("guild-name").textContent = guildName;
    byId("place-mark").textContent = MARKS[here.kind];
    byId("place-name").textContent = here.name;
    byId("place-topic").textContent = here.topic;
    byId("welcome-title").textContent = GREETINGS[here.kind](here.name);
    byId("log").setAttribute("aria-label", `Messages in ${this.called}`);
    document.title = `${this.called} · newmon sandbox`;
    const focused = this.nav.contains(document.activeElement);
    this.nav.replaceChildren(...list.map((place) => this.#link(place)));
    if (focused) this.nav.querySelector("[aria-current]").focus();
  }

  #link(place) {
    const heading = SECTIONS[place.kind];
    return el("div", { class: "place" },
      heading ? el("p", { class: "place-heading" }, heading) : null,
      el(
        "button",
        {
          type: "button",
          title: place.topic,
          "aria-current": place.kind === this.here.kind ? "page" : null,
          dataset: { place: place.kind },
          onclick: () => { if (place.kind !== this.here.kind) this.go(place.kind); },
        },
        el("span", { class: "hash", "aria-hidden": "true" }, MARKS[place.kind]),
        place.name,
      ));
  }
}
