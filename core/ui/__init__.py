"""How the panel says things: words, figures and times, as plain functions behind the template tags."""
