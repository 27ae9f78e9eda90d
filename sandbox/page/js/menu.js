// A select menu of a message: a button that opens a list. Choosing sends; with several choices, "Done" does.

import { el, emoji } from "./dom.js";

let opened = null; // closes the menu that is open

addEventListener("pointerdown", (event) => {
  if (opened && !event.target.closest(".menu")) opened();
});

function entries(data, ctx) {
  if (data.type === 3) return data.options;
  if (data.type === 5 || data.type === 7) return ctx.people().map((person) => ({ label: person.name, value: person.id }));
  return [];
}

export function menuButton(message, data, ctx) {
  const options = entries(data, ctx);
  const several = (data.max_values ?? 1) > 1;
  const chosen = new Set(options.filter((option) => option.default).map((option) => option.value));
  const shown = () => options.filter((option) => chosen.has(option.value)).map((option) => option.label).join(", ");
  const text = el("span", {}, shown() || data.placeholder || "Make a selection");
  const trigger = el(
    "button",
    {
      type: "button",
      class: "button secondary menu-trigger",
      disabled: Boolean(data.disabled),
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": data.placeholder || "Menu",
      "aria-busy": ctx.isBusy(message.id, data.custom_id) ? "true" : null,
      dataset: { customId: data.custom_id },
      onclick: () => (list.hidden ? open() : close()),
      onkeydown: (event) => { if (event.key === "ArrowDown" && list.hidden) { event.preventDefault(); open(); } },
    },
    text,
    el("span", { class: "chevron", "aria-hidden": "true" }, "▾"),
  );
  const items = options.map((option, index) => el(
    "li",
    { role: "option", tabindex: "-1", "aria-selected": String(chosen.has(option.value)), onclick: () => pick(index) },
    emoji(option.emoji),
    el("span", { class: "choice-text" }, el("span", { class: "choice-name" }, option.label),
      option.description ? el("span", { class: "choice-help" }, option.description) : null),
  ));
  const list = el("div", { class: "menu-list", hidden: true, onkeydown: keys },
    el("ul", { role: "listbox", "aria-label": data.placeholder || "Menu", "aria-multiselectable": String(several) }, items),
    several ? el("button", { type: "button", class: "button primary", onclick: send }, "Done") : null);

  function open() {
    opened?.();
    opened = close;
    list.hidden = false;
    trigger.setAttribute("aria-expanded", "true");
    (items.find((item) => item.getAttribute("aria-selected") === "true") ?? items[0])?.focus();
    list.scrollIntoView({ block: "nearest" });
  }

  function close() {
    opened = null;
    list.hidden = true;
    trigger.setAttribute("aria-expanded", "false");
  }

  function pick(index) {
    const { value } = options[index];
    if (!several) {
      chosen.clear();
      chosen.add(value);
      send();
      return;
    }
    if (!chosen.delete(value) && chosen.size < data.max_values) chosen.add(value);
    items[index].setAttribute("aria-selected", String(chosen.has(value)));
  }

  function send() {
    close();
    trigger.focus();
    text.textContent = shown() || data.placeholder || "Make a selection";
    ctx.use(message, data, [...chosen]);
  }

  function keys(event) {
    const at = items.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    if (event.key in moves) items[(moves[event.key] + items.length) % items.length]?.focus();
    else if ((event.key === "Enter" || event.key === " ") && at >= 0) pick(at);
    else if (event.key === "Escape") { close(); trigger.focus(); } else if (event.key === "Tab") { close(); return; } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return el("div", { class: "menu" }, trigger, list);
}
