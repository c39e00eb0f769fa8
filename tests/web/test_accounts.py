"""Signing up, logging in and out, and what people may say about themselves."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from stylearena.accounts.models import User
from tests.web.factories import PASSWORD, UserFactory

LOGIN, SIGNUP, PROFILE = (reverse(name) for name in ("account_login", "account_signup", "profile"))
LOGOUT = reverse("account_logout")
PERSON = {"username": "grace", "email": "grace@example.org", "password1": PASSWORD}


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def name_in_the_header(page: str) -> str:
    summary = page[page.index("<summary") : page.index("</summary>")]
    return strip_tags(summary).strip()


def log_in(client: Client, login: str, password: str = PASSWORD) -> str:
    return client.post(LOGIN, {"login": login, "password": password}).content.decode()


@pytest.mark.django_db
def test_signing_up_logs_in_and_asks_for_no_confirmation_outside_production(client: Client) -> None:
    response = client.post(SIGNUP, PERSON)
    assert response.url == reverse("competitions:list")
    assert is_signed_in(client)
    assert User.objects.get(username="grace").check_password(PASSWORD)
    assert mail.outbox[0].to == ["grace@example.org"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password1": "a1b2c3"}, "at least 8 characters"),
        ({"password1": "password1"}, "too common"),
        ({"password1": "8402837465"}, "entirely numeric"),
        ({"password1": "grace@example"}, "too similar"),
        ({"username": "ada"}, "already exists"),
        ({"username": "countess"}, "Somebody else goes by this name"),
        ({"email": "ada@example.org"}, "already registered"),
        ({"email": "no address"}, "valid email"),
        ({"username": ""}, "required"),
    ],
)
def test_a_poor_sign_up_is_refused_in_words(
    client: Client, change: dict[str, str], words: str
) -> None:
    UserFactory(username="ada", display_name="Countess")
    page = client.post(SIGNUP, PERSON | change).content.decode()
    assert words in page
    assert not User.objects.filter(username="grace").exists()


@pytest.mark.parametrize("login", ["ada", "ada@example.org"])
def test_people_log_in_by_name_or_by_e_mail(client: Client, participant: User, login: str) -> None:
    log_in(client, login)
    assert is_signed_in(client)


def test_a_wrong_password_is_refused(client: Client, participant: User) -> None:
    assert "not correct" in log_in(client, "ada", "wrong")
    assert not is_signed_in(client)


def test_guessing_a_password_is_stopped_even_with_the_right_one(
    client: Client, participant: User
) -> None:
    for _ in range(5):
        log_in(client, "ada", "wrong")
    assert "Too many failed login attempts" in log_in(client, "ada")
    assert not is_signed_in(client)


@pytest.mark.django_db
def test_a_stream_of_sign_ups_meets_a_page_of_ours(client: Client) -> None:
    for _ in range(20):
        assert client.post(SIGNUP, {}).status_code == 200
    response = client.post(SIGNUP, PERSON)
    assert response.status_code == 429
    assert "tried too many times" in response.content.decode()
    assert not User.objects.exists()


def test_following_a_link_never_logs_out(client: Client, participant: User) -> None:
    client.force_login(participant)
    client.get(LOGOUT)
    assert is_signed_in(client)
    assert client.post(LOGOUT).url == reverse("competitions:list")
    assert not is_signed_in(client)


def test_a_forgotten_password_is_replaced_by_mail(client: Client, participant: User) -> None:
    client.post(reverse("account_reset_password"), {"email": participant.email})
    assert mail.outbox[0].to == [participant.email]
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another-good-one", "password2": "another-good-one"})
    participant.refresh_from_db()
    assert participant.check_password("another-good-one")


@pytest.mark.django_db
def test_the_profile_asks_for_a_log_in(client: Client) -> None:
    assert client.get(PROFILE).url == f"{LOGIN}?next={PROFILE}"


def test_a_display_name_is_saved_and_shown(client: Client, participant: User) -> None:
    client.force_login(participant)
    page = client.post(PROFILE, {"display_name": "Countess L."}, follow=True).content.decode()
    assert "Your profile is saved." in page
    assert name_in_the_header(page) == "Countess L."


@pytest.mark.parametrize("name", ["bob", "BOB", "The Painter", "Ada\u202eL"])
def test_nobody_goes_by_anothers_name_or_an_invisible_one(
    client: Client, participant: User, name: str
) -> None:
    UserFactory(username="bob", display_name="The Painter")
    client.force_login(participant)
    page = client.post(PROFILE, {"display_name": name}).content.decode()
    assert 'aria-invalid="true"' in page
    assert name_in_the_header(page) == "Ada L."  # not the refused one
    participant.refresh_from_db()
    assert participant.display_name == "Ada L."


@pytest.mark.parametrize(("given", "shown"), [("", "ada"), ("Ada L.", "Ada L.")])
def test_ones_own_name_or_none_is_always_allowed(
    client: Client, participant: User, given: str, shown: str
) -> None:
    client.force_login(participant)
    assert client.post(PROFILE, {"display_name": given}).status_code == 302
    participant.refresh_from_db()
    assert participant.public_name == shown


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
@pytest.mark.django_db
def test_entrance_pages_stand_in_the_sites_frame(client: Client, name: str) -> None:
    page = client.get(reverse(name)).content.decode()
    assert 'class="wordmark"' in page


@pytest.mark.parametrize(
    "name", ["account_email", "account_change_password", "mfa_index", "socialaccount_connections"]
)
def test_account_pages_stand_in_the_sites_frame(
    client: Client, participant: User, name: str
) -> None:
    client.force_login(participant)
    page = client.get(reverse(name)).content.decode()
    assert 'class="account__nav"' in page
    assert "Ada L." in page
