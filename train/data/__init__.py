"""From picture files to a data set."""
