"""Addresses of the leaderboards app."""

from django.urls import path, register_converter

from stylearena.leaderboards import organising, views
from stylearena.leaderboards.converters import RescoreActConverter, RoleConverter, SuffixConverter

app_name = "leaderboards"
register_converter(RoleConverter, "role")
register_converter(RescoreActConverter, "end")
register_converter(SuffixConverter, "picture_suffix")
urlpatterns = [
    path(
        "competitions/<slug:competition>/<slug:phase>/leaderboard/", views.board_page, name="board"
    ),
    path(
        "competitions/<slug:competition>/<slug:phase>/organise/",
        organising.organise,
        name="organise",
    ),
    path(
        "competitions/<slug:competition>/<slug:phase>/rescores/",
        organising.start_rescore,
        name="start_rescore",
    ),
    path("rescores/<int:rescore_id>/", organising.rescore_page, name="rescore"),
    path("rescores/<int:rescore_id>/<end:act>/", organising.end_rescore, name="end_rescore"),
    path("entries/<uuid:entry>/standing/", organising.decide_standing, name="standing"),
    path("entries/<uuid:entry>/", views.entry_page, name="entry"),
    path("entries/<uuid:entry>/report.json", views.report, name="report"),
    path(
        "entries/<uuid:entry>/pictures/<str:pair>/<role:role>.<picture_suffix:suffix>",
        views.picture,
        name="picture",
    ),
]
