"""Networks of others that this project looks through. Their weights come from packages, never from here."""
