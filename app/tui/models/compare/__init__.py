"""What the views of runs side by side paint. Pure."""
