"""The life of a node: first start, processes, backup, restore, the demonstration."""
