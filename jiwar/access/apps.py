from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "jiwar.access"
    label = "access"
