"""The Celery application. Messages carry an id only: the database is the truth, this a hint."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stylearena.settings")

app = Celery("stylearena")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
