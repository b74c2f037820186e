"""The command line of dagtop. ``app.cli.main.main`` is its entry."""
