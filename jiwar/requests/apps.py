from django.apps import AppConfig


class RequestsConfig(AppConfig):
    name = "jiwar.requests"
    label = "requests"

    def ready(self) -> None:
        from jiwar.exchange.courier import EACH_MINUTE
        from jiwar.requests import services  # attaches the projections of this room's kinds

        EACH_MINUTE.append(services.remind)
