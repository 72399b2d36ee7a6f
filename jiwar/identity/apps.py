from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "jiwar.identity"
    label = "identity"
