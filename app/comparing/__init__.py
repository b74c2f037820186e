"""Tracked runs side by side: what differs, by how much, which is the best. Pure, and without a
screen: the command line and the terminal UI show the same."""
