"""Addresses of the leaderboards app."""

from django.urls import path, register_converter

from stylearena.leaderboards import views
from stylearena.leaderboards.converters import RoleConverter, SuffixConverter

app_name = "leaderboards"
register_converter(RoleConverter, "role")
register_converter(SuffixConverter, "picture_suffix")
urlpatterns = [
    path(
        "competitions/<slug:competition>/<slug:phase>/leaderboard/", views.board_page, name="board"
    ),
    path("entries/<uuid:entry>/", views.entry_page, name="entry"),
    path("entries/<uuid:entry>/report.json", views.report, name="report"),
    path(
        "entries/<uuid:entry>/pictures/<str:pair>/<role:role>.<picture_suffix:suffix>",
        views.picture,
        name="picture",
    ),
]
