"""The one kind of exception whose text people get to read."""


class UserError(Exception):
    """Its text is the whole message a user sees: one friendly sentence that says what to do instead."""
