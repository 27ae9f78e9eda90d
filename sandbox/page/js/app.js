// Puts the page together: events come in, actions go out.

import { Connection } from "./api.js";
import { Composer } from "./composer.js";
import { MessageMenu } from "./context_menu.js";
import { byId, toast } from "./dom.js";
import { Language } from "./language.js";
import { Log } from "./log.js";
import { Dialog } from "./modal.js";
import { People } from "./people.js";
import { Places } from "./places.js";

const REMEMBERED = { person: "person", place: "place" }; // in the browser's storage
const FAVOURITE = "newmon"; // the command that an empty channel suggests; else any that needs no options

const state = { bot: null, commands: [], more: false, lost: false };
const mine = new Set(); // nonces of what this page began, which other pages of the same person did not

const ctx = {
  me: () => people.me,
  people: () => people.list,
  personName: (id) => (id === state.bot?.id ? state.bot.name : people.list.find((p) => p.id === id)?.name ?? "someone"),
  channelName: () => places.name,
  use,
  openMenu: (message, from, point) => messageMenu.open(message, from, point),
  dismiss: (message) => attempt(() => connection.post("dismiss", { message_id: message.id })),
};

const language = new Language(() => connection.open(connection.user, connection.place));
const connection = new Connection(() => language.locale, onEvent, () => { state.lost = true; drawBanner(); });
const log = new Log(ctx);
const places = new Places((kind) => enter(people.me.id, kind));
const people = new People(
  become,
  (name) => attempt(async () => become((await connection.post("people", { name })).id)),
  () => attempt(() => connection.post("invite", {})),
);
const dialog = new Dialog(ctx, async (interactionId, values, began) => {
  const nonce = newNonce();
  began(nonce);
  await connection.post("modal", { interaction_id: interactionId, values, nonce });
});
const messageMenu = new MessageMenu((message, name) => attempt(() => runMenu(message, name)));
const composer = new Composer({
  ...ctx,
  commands: () => state.commands,
  say: (content, files) => connection.post("say", { content, files }),
  upload: (file) => connection.upload(file),
  run: runCommand,
  suggest: (name, focused, options) => connection.post("autocomplete", { name, focused, options }),
});

const handlers = {
  ready(event) {
    Object.assign(state, { bot: event.bot, commands: event.commands, more: event.more, lost: false });
    messageMenu.set(event.menus);
    people.set(event.people, event.user);
    places.set(event.places, event.place, event.guild.name);
    localStorage.setItem(REMEMBERED.person, event.user.id);
    localStorage.setItem(REMEMBERED.place, event.place.kind);
    log.reset(event.messages);
    dialog.forget();
    composer.refresh();
    drawBanner();
    drawBeginning();
  },
  message_create: (event) => showMessage(event),
  message_update: (event) => showMessage(event),
  message_delete(event) {
    log.remove(event.id);
    drawBeginning();
  },
  interaction(event) {
    const failed = event.status === "failed";
    log.answered(event.nonce, failed);
    log.settled(event.nonce, failed);
    dialog.answered(event.nonce, failed);
  },
  modal(event) {
    if (mine.has(event.nonce)) dialog.open(event.interaction_id, event.modal);
  },
  commands(event) {
    state.commands = event.commands;
    messageMenu.set(event.menus);
    composer.refresh();
    drawBeginning();
  },
  people: (event) => people.set(event.people),
  bot(event) {
    state.bot.online = event.online;
    drawBanner();
    drawBeginning();
  },
};

function onEvent(event) {
  // What comes before the first drawing is part of it.
  if (state.bot || event.event === "ready") handlers[event.event]?.(event);
}

function showMessage(event) {
  if (event.nonce) log.settled(event.nonce, false);
  log.put(event.message);
  drawBeginning();
}

function newNonce() {
  const nonce = crypto.randomUUID();
  mine.add(nonce);
  return nonce;
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    toast(error.message);
  }
}

async function runCommand(command, options) {
  await begin(`/${command.name}`, (nonce) => connection.post("command", { name: command.name, options, nonce }));
}

async function runMenu(message, name) {
  await begin(name, (nonce) => connection.post("menu", { message_id: message.id, name, nonce }));
}

/** Shows a command on its way, and sends it. */
async function begin(shown, post) {
  const nonce = newNonce();
  log.sent(nonce, people.me, state.bot, shown);
  drawBeginning();
  try {
    await post(nonce);
  } catch (error) {
    log.settled(nonce, false);
    throw error;
  }
}

async function use(message, component, values) {
  if (log.ctx.isBusy(message.id, component.custom_id)) return;
  const nonce = newNonce();
  log.clicked(nonce, message.id, component.custom_id);
  try {
    await connection.post("component", { message_id: message.id, custom_id: component.custom_id, values, nonce });
  } catch (error) {
    log.answered(nonce, false);
    toast(error.message);
  }
}

function become(id) {
  enter(id, places.here.kind);
}

/** Someone goes somewhere. */
function enter(id, kind) {
  composer.leave();
  connection.open(id, kind);
}

function drawBanner() {
  const banner = byId("banner");
  const offline = state.bot && !state.bot.online;
  banner.classList.toggle("lost", state.lost);
  banner.textContent = state.lost
    ? "Connection to the sandbox lost. Reconnecting…"
    : offline ? `${state.bot.name} is offline: commands will get no answer until it is back.` : "";
  banner.hidden = !state.lost && !offline;
}

/** The top of the history: a welcome, or a way to what is older. */
function drawBeginning() {
  const favourite = state.commands.find((command) => command.name === FAVOURITE)
    ?? state.commands.find((command) => !command.options.some((option) => option.required));
  const empty = log.messages.size === 0 && log.pending.size === 0;
  byId("older").hidden = !state.more;
  byId("welcome").hidden = state.more;
  byId("welcome").classList.toggle("empty", empty);
  byId("welcome-text").textContent = !empty
    ? "This is where it begins."
    : favourite
      ? `Nothing has hatched here yet. Type /${favourite.name} in the box below, or let the button do it.`
      : `Nothing has hatched here yet. ${state.bot?.name ?? "The bot"} is still waking up; its commands will appear here.`;
  const button = byId("try");
  button.hidden = !empty || !favourite;
  button.textContent = favourite ? `Try /${favourite.name}` : "";
  button.onclick = () => attempt(() => runCommand(favourite, {}));
}

byId("older").addEventListener("click", () => attempt(async () => {
  const [oldest] = log.messages.keys();
  const page = await connection.older(oldest);
  state.more = page.more;
  log.prepend(page.messages);
  drawBeginning();
}));

// Typing anywhere goes to the message box, as in any chat.
addEventListener("keydown", (event) => {
  const typing = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
  if (typing && !event.target.closest("input, textarea, select, dialog, [role=listbox]")) byId("message-input").focus();
});

async function start() {
  let person = localStorage.getItem(REMEMBERED.person) ?? "Ash";
  let place = localStorage.getItem(REMEMBERED.place) ?? "server";
  const query = new URLSearchParams({ user: person, place });
  // They may be those of another sandbox at this address.
  const known = await fetch(`/sandbox/messages?${query}`).then((r) => r.ok, () => true);
  if (!known) [person, place] = ["Ash", "server"];
  connection.open(person, place);
  byId("message-input").focus();
}

start();
