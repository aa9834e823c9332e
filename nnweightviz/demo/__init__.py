"""Three small nets trained while you wait, and the page that shows them; what ``nnweightviz demo`` runs.

Not a library of models: each file is an example to read and to copy from.
"""
