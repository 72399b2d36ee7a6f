from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "jiwar.documents"
    label = "documents"
