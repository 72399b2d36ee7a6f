from django.apps import AppConfig


class CrossingsConfig(AppConfig):
    name = "jiwar.crossings"
    label = "crossings"
