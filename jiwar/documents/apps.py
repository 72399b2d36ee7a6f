from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "jiwar.documents"
    label = "documents"

    def ready(self) -> None:
        from jiwar.documents import services  # noqa: F401 - attaches the projections of this room's kinds
