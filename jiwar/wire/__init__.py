"""What crosses every edge of the program: strict and canonical JSON, identifiers, faults. Pure; the lowest room."""
