"""What the analyst's room does; each act stands in the module of its subject."""

from jiwar.analysis.charts import open_chart
from jiwar.analysis.dossiers import open_dossier, search

__all__ = ["open_chart", "open_dossier", "search"]
