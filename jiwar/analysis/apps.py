from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "jiwar.analysis"
    label = "analysis"

    def ready(self) -> None:
        from jiwar.analysis import inquiry_answers, saved  # noqa: F401 - attach what they do with kinds, each minute
