from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "jiwar.audit"
    label = "audit"

    def ready(self) -> None:
        from jiwar.audit import receivers

        receivers.connect()
