from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "jiwar.web"
    label = "web"
