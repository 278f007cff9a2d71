"""Pages for people: each a pure function of what the controller said, printed by one template."""
