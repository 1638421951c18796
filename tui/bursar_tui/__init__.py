"""The terminal UI of Bursar: attaches to a running proxy and shows what it does."""
