"""A notebook's parameters: the widgets that declare them, where their values come from, and the form that a person changes them in."""
