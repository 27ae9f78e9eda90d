// The page's two wires to the sandbox: a stream of events, and one POST for each action.

const RETRY_MS = [500, 1000, 2000, 4000];

export class Refused extends Error {
  constructor(message, fields = {}) {
    super(message);
    this.fields = fields; // option or input → what is wrong with it
  }
}

export class Connection {
  /** `locale()`: the app's language; `onEvent(event)`; `onLost()` when the stream breaks, and it then comes back by itself. */
  constructor(locale, onEvent, onLost) {
    this.locale = locale;
    this.onEvent = onEvent;
    this.onLost = onLost;
    this.user = null;
    this.place = null;
    this.attempt = 0;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.retryNow(); });
  }

  /** Listens as this person at this place from now on. */
  open(user, place) {
    this.user = user;
    this.place = place;
    this.attempt = 0;
    this.#connect();
  }

  retryNow() {
    if (this.timer) this.#connect();
  }

  #connect() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.socket) {
      this.socket.onclose = this.socket.onmessage = null;
      this.socket.close();
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = new URLSearchParams({ user: this.user, place: this.place, locale: this.locale() });
    const socket = new WebSocket(`${scheme}://${location.host}/sandbox/events?${query}`);
    this.socket = socket;
    let ready = false;
    socket.onmessage = (message) => {
      for (const event of JSON.parse(message.data)) {
        if (event.event === "ready") {
          ready = true;
          this.attempt = 0;
        }
        this.onEvent(event);
      }
    };
    socket.onclose = () => {
      this.onLost(ready);
      const wait = RETRY_MS[Math.min(this.attempt, RETRY_MS.length - 1)];
      this.attempt += 1;
      this.timer = setTimeout(() => this.#connect(), wait);
    };
  }

  /** Does something in the person's name. Throws Refused with a sentence to show. */
  async post(action, body) {
    return this.#ask(`/sandbox/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, user: this.user, place: this.place }),
    });
  }

  /** Sends a file ahead of the command or the message that names it. Throws Refused. */
  async upload(file) {
    const query = new URLSearchParams({ user: this.user, place: this.place, name: file.name });
    return this.#ask(`/sandbox/upload?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
    });
  }

  /** The messages before the one with this id. */
  async older(before) {
    const query = new URLSearchParams({ user: this.user, place: this.place, before });
    return this.#ask(`/sandbox/messages?${query}`, {});
  }

  async #ask(url, options) {
    let answer;
    try {
      answer = await (await fetch(url, options)).json();
    } catch {
      throw new Refused("The sandbox cannot be reached. Is it still running?");
    }
    if (answer.error) throw new Refused(answer.error, answer.fields);
    return answer;
  }
}
