"""What the bot needs of the machine: settings files, paths, proxies and processes beside it."""
