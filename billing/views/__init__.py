"""The money pages. Nothing here signs, unseals or talks to a network."""
