from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "jiwar.analysis"
    label = "analysis"

    def ready(self) -> None:
        from jiwar.analysis import inquiry_answers  # noqa: F401 - attaches what it does with kinds and each minute
