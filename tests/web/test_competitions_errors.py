"""What people see when something is wrong: a page of ours, in words, that leads back."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from stylearena.accounts.models import User


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


urlpatterns = [path("breaks", breaks), path("", include("stylearena.urls"))]


def assert_ours(response: HttpResponse, status: int, words: str) -> None:
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert 'class="wordmark"' in page
    assert 'href="/"' in page
    assert "Content-Security-Policy" in response.headers


@pytest.mark.django_db
def test_an_unknown_page(client: Client) -> None:
    assert_ours(client.get("/nowhere/"), 404, "Nothing hangs here")


def test_a_page_of_organisers(client: Client, participant: User) -> None:
    client.force_login(participant)
    response = client.get("/admin/", follow=True)
    assert_ours(response, 403, "This is not yours to open")


@pytest.mark.django_db
def test_a_malformed_request(client: Client) -> None:
    assert_ours(client.get("/", headers={"host": "evil.example"}), 400, "made no sense")


@pytest.mark.django_db
def test_a_form_without_its_token() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert_ours(response, 403, "The form was open for too long")


@pytest.mark.django_db
def test_a_bug_of_ours(client: Client, settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    response = client.get("/breaks")
    assert_ours(response, 500, "Something broke on our side")
    assert "RuntimeError" not in response.content.decode()
