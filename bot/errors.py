"""The one kind of exception whose text people get to read."""

from __future__ import annotations

from gettext import NullTranslations

ENGLISH = NullTranslations()


def N_(sentence: str) -> str:
    """Marks a sentence that is translated later: where it is said, or as a `UserError`."""
    return sentence


def NN_(singular: str, plural: str) -> tuple[str, str]:
    """Marks two sentences of which a number chooses one later, for a `UserError`."""
    return singular, plural


class UserError(Exception):
    """Its text is the whole message a user sees: one friendly sentence that says what to do instead.

    It is put together when it is told, because only then it is known in which language. `values` fill the
    sentence's named places; with `plural`, their `n` chooses between the two sentences. `str` is the English.
    """

    def __init__(self, sentence: str, plural: str | None = None, **values: object) -> None:
        self.sentence, self.plural, self.values = sentence, plural, values
        super().__init__(self.text(ENGLISH))

    def text(self, catalogue: NullTranslations) -> str:
        """The sentence in a catalogue's language."""
        n = self.values.get("n")
        if self.plural is not None and isinstance(n, int):
            sentence = catalogue.ngettext(self.sentence, self.plural, n)
        else:
            sentence = catalogue.gettext(self.sentence)
        return sentence.format(**self.values) if self.values else sentence
