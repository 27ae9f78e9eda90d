"""Discord's limits on messages and embeds: what it refuses with code 50035, the sandbox refuses too."""

from __future__ import annotations

from typing import Any

from sandbox.components import check_layout, check_rows
from sandbox.form import Form, Path

CONTENT_MAX = 2000
EMBEDS_MAX = 10
EMBED_TOTAL_MAX = 6000
FILES_MAX = 10

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


def check_message(form: Form, path: Path, draft: dict[str, Any], *, layout: bool) -> None:
    """Notes in `form` what Discord would refuse in a message as it would stand after this request.

    `draft` has content, embeds, components and attachments; `layout`: does the message use components V2?
    """
    form.text((*path, "content"), draft.get("content"), high=CONTENT_MAX)
    embeds = form.count((*path, "embeds"), draft.get("embeds"), high=EMBEDS_MAX)
    total = sum(_check_embed(form, (*path, "embeds", index), embed) for index, embed in enumerate(embeds))
    if total > EMBED_TOTAL_MAX:
        form.fail(
            (*path, "embeds"),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_TOTAL_MAX}",
        )
    if len(draft["attachments"]) > FILES_MAX:
        form.fail((*path, "attachments"), "BASE_TYPE_MAX_LENGTH", f"Must be {FILES_MAX} or fewer in length.")
    components = form.count((*path, "components"), draft.get("components"), high=40 if layout else 5)
    if not layout:
        check_rows(form, (*path, "components"), components)
        return
    for key in ("content", "embeds"):
        if draft.get(key):
            form.fail(
                (*path, key),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
    check_layout(form, (*path, "components"), components, {a["filename"] for a in draft["attachments"]})


def _check_embed(form: Form, path: Path, embed: dict[str, Any]) -> int:
    """Checks one embed and returns how many characters it adds to the total of 6,000."""
    total = form.text((*path, "title"), embed.get("title"), high=256)
    total += form.text((*path, "description"), embed.get("description"), high=4096)
    footer, author = embed.get("footer") or {}, embed.get("author") or {}
    if footer:
        total += form.text((*path, "footer", "text"), footer.get("text"), low=1, high=2048)
    if author:
        total += form.text((*path, "author", "name"), author.get("name"), low=1, high=256)
    for index, field in enumerate(form.count((*path, "fields"), embed.get("fields"), high=25)):
        at = (*path, "fields", index)
        total += form.text((*at, "name"), field.get("name"), low=1, high=256)
        total += form.text((*at, "value"), field.get("value"), low=1, high=1024)
    colour = embed.get("color")
    if colour is not None and not (isinstance(colour, int) and 0 <= colour <= 0xFFFFFF):
        form.fail((*path, "color"), "NUMBER_TYPE_MAX", "int value should be between 0 and 16777215.")
    for key in ("image", "thumbnail"):
        url = (embed.get(key) or {}).get("url")
        if url is not None and not str(url).startswith(("http://", "https://", "attachment://")):
            form.fail(
                (*path, key, "url"),
                "URL_TYPE_INVALID_SCHEME",
                f"Scheme of '{url}' is not supported. Scheme must be one of ('http', 'https').",
            )
    return total
