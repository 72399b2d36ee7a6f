"""What the analyst's room does; each act stands in the module of its subject."""

from jiwar.analysis.briefs import make_brief
from jiwar.analysis.charts import open_chart
from jiwar.analysis.dossiers import look_up, open_dossier, search

__all__ = ["look_up", "make_brief", "open_chart", "open_dossier", "search"]
