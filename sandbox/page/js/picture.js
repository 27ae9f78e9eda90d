// Pictures: crisp when enlarged, never larger than the channel, and full-size on a click.

import { byId, el } from "./dom.js";

/** `media` has url, width and height as in Discord's objects. */
export function picture(media, alt, className = "picture") {
  const image = el("img", { src: media.url, alt, width: media.width, height: media.height, loading: "lazy" });
  sharpen.observe(image);
  const button = el(
    "button",
    { type: "button", class: className, "aria-label": `${alt} – enlarge`, onclick: () => enlarge(media, alt) },
    image,
  );
  return button;
}

// Nearest neighbour suits a sprite that is drawn larger than it is; anything made smaller is better smoothed.
const sharpen = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (!target.isConnected) sharpen.unobserve(target);
    const drawn = target.clientWidth * devicePixelRatio;
    target.classList.toggle("crisp", drawn >= Number(target.getAttribute("width") ?? Infinity));
  }
});

function enlarge(media, alt) {
  const dialog = byId("lightbox");
  const image = el("img", { src: media.url, alt });
  if (media.width && media.height) {
    const room = Math.min((innerWidth * 0.9) / media.width, (innerHeight * 0.8) / media.height);
    const factor = room >= 1 ? Math.floor(room) : room;
    image.style.width = `${media.width * factor}px`;
    image.classList.toggle("crisp", factor >= 1);
  }
  dialog.replaceChildren(
    image,
    el(
      "p",
      {},
      el("a", { href: media.url, target: "_blank", rel: "noopener" }, "Open original"),
      el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"),
    ),
  );
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  dialog.showModal();
}
