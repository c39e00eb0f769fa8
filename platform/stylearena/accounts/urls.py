"""Addresses of the accounts app; the rest of ``/accounts/`` is django-allauth's."""

from django.urls import path

from stylearena.accounts import views

urlpatterns = [path("profile/", views.profile, name="profile")]
