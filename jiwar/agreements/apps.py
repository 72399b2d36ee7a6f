from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "jiwar.agreements"
    label = "agreements"
