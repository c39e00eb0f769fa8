"""A submission as its page shows it: what the entry says of itself, in order and in words."""

from django.utils.translation import gettext as _

from stylearena.submissions.models import Submission


def named(submission: Submission) -> str:
    """The submission as the log of the organisers' acts names it."""
    return f"{submission.name} by {submission.participant.username} ({submission.pk})"


def runtime_in_words(submission: Submission) -> str:
    runtime: str = submission.info.get("runtime", "")
    return {"onnx": "ONNX", "python": "Python"}.get(runtime, runtime)


def manifest_facts(submission: Submission) -> list[tuple[str, str]]:
    """(label, text) of the manifest's optional keys, those that are filled in."""
    labels = {
        "authors": _("Authors"),
        "licence": _("Licence"),
        "paper": _("Paper"),
        "code": _("Code"),
        "training": _("Training"),
        "styles": _("Made for the styles"),
    }
    facts = ((label, submission.info.get(key) or "") for key, label in labels.items())
    return [
        (label, ", ".join(said) if isinstance(said, list) else said)
        for label, said in facts
        if said
    ]
