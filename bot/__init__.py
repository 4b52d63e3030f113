"""The edge: the only package that knows HTTP, chat platforms, the clock and the environment."""
