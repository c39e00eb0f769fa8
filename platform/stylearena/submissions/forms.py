"""The form by which an entry is handed in."""

from pathlib import PurePath

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from evaluator.errors import ParticipantError


class SubmissionForm(forms.Form):
    """One file. What is wrong with its inside is said by ``services.submit``, see ``refuse``."""

    refusal: ParticipantError | None = None

    entry = forms.FileField(
        label=_("Entry"),
        allow_empty_file=True,  # the intake has a better sentence for it
        error_messages={"required": _("Choose an .onnx or .zip file first.")},
        widget=forms.FileInput(attrs={"accept": ".onnx,.zip"}),
    )

    def clean_entry(self) -> "UploadedFile[bytes]":
        upload: UploadedFile[bytes] = self.cleaned_data["entry"]
        if PurePath(upload.name or "").suffix.lower() not in {".onnx", ".zip"}:
            raise forms.ValidationError(
                _("Hand in an .onnx model or a .zip with entry.toml and the model."),
                code="entry.archive.type",
            )
        return upload

    @classmethod
    def refused(cls, error: ParticipantError) -> "SubmissionForm":
        """A form with the refusal of a file that was not taken in to be looked at."""
        form = cls({})
        form.errors.clear()  # that no file is there is not what is wrong
        form.refuse(error)
        return form

    def refuse(self, error: ParticipantError) -> None:
        """Put the intake's verdict on the field."""
        self.refusal = error
        self.add_error("entry", str(error))
