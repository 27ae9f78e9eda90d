// Who one is on this page.

import { byId, el, paintAvatar } from "./dom.js";

const ADD = "add";
const INVITE = "invite";

export class People {
  /** `choose(id)` is called when the person becomes someone else; `add(name)` makes a new one; `invite()`
   * takes the bot out of the server and in again. */
  constructor(choose, add, invite) {
    this.list = [];
    this.me = null;
    this.select = byId("people");
    this.select.addEventListener("change", async () => {
      if (this.select.value === INVITE) {
        this.select.value = this.me.id;
        await invite();
        return;
      }
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
    const kinds = [...new Set(list.map((person) => person.about))];
    this.select.replaceChildren(
      ...kinds.map((about) => el(
        "optgroup",
        { label: about },
        list.filter((person) => person.about === about).map((person) => el("option", { value: person.id }, person.name)),
      )),
      el("option", { value: ADD }, "Add someone…"),
      el("option", { value: INVITE }, "Invite the bot anew"),
    );
    this.select.value = me.id;
    byId("my-role").textContent = me.role;
    paintAvatar(byId("my-avatar"), me);
  }
}
