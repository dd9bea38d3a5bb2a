"""Editing the route table: what was typed, what is wrong with it, and the deploy that it becomes."""
