"""What the analyst's room does; each act stands in the module of its subject."""

from jiwar.analysis.dossiers import open_dossier, search

__all__ = ["open_dossier", "search"]
