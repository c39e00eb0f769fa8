"""``manage.py health``: whether database and broker answer, for the health checks of containers.

Workers and sweepers serve no HTTP; a worker that judges does not answer Celery's ping either.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stylearena.health import ask_everything


class Command(BaseCommand):
    help = "Exit with 0 if the database and the broker answer, else with 1 and their names."

    def handle(self, *args: Any, **options: Any) -> None:
        silent = [name for name, answers in ask_everything().items() if not answers]
        if silent:
            raise CommandError(f"No answer from: {', '.join(silent)}.")
        self.stdout.write("Database and broker answer.")
