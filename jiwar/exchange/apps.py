from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "jiwar.exchange"
    label = "exchange"
