// Who one is on this page.

import { byId, el, paintAvatar } from "./dom.js";

const ADD = "add";

export class People {
  /** `choose(id)` is called when the person becomes someone else; `add(name)` makes a new one. */
  constructor(choose, add) {
    this.list = [];
    this.me = null;
    this.select = byId("people");
    this.select.addEventListener("change", async () => {
      if (this.select.value !== ADD) {
        choose(this.select.value);
        return;
      }
      this.select.value = this.me.id;
      const name = prompt("What is the new member called?");
      if (name?.trim()) await add(name.trim());
    });
  }

  set(list, me = this.me) {
    this.list = list;
    this.me = me;
    this.select.replaceChildren(
      ...list.map((person) => el("option", { value: person.id }, person.admin ? `${person.name} (admin)` : person.name)),
      el("option", { value: ADD }, "Add someone…"),
    );
    this.select.value = me.id;
    paintAvatar(byId("my-avatar"), me);
  }
}
