"""The site of StyleArena: people, competitions, submissions, judging, boards and the API."""

from stylearena.celery import app as celery_app

__all__ = ["celery_app"]
