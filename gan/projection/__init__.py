"""From a picture to the W+ code that comes closest to it."""
