"""The profile page. Signing in, e-mail, passwords and two-factor sign-in are django-allauth's."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stylearena.accounts.forms import ProfileForm
from stylearena.accounts.models import User


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change the display name."""
    person = User.objects.get(
        username=request.user.get_username()
    )  # a refused name must not show in the header
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "account/profile.html", {"form": form})
