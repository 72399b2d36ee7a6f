from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "jiwar.analysis"
    label = "analysis"
