"""Version 1 of the HTTP API: its routers, its errors, its documentation."""

from ninja import NinjaAPI, Swagger

from stylearena.api import boards
from stylearena.api.errors import answer_errors

api = NinjaAPI(
    title="StyleArena",
    version="1",
    description="Competitions and their boards: the numbers of the site, with their provenance.",
    docs=Swagger(settings={"persistAuthorization": True}),
)
api.add_router("", boards.router)
answer_errors(api)
