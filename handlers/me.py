"""The page of one's own: points, household, orders, cases. Nothing of anybody else's."""

from dataclasses import dataclass

from handlers.ctx import Ctx
from store import households, wallets


@dataclass(frozen=True, slots=True)
class Home:
    name: str
    points: int


def home(ctx: Ctx) -> Home:
    household_id = households.of(ctx.tx, ctx.person.id)
    return Home(ctx.person.name, wallets.points(ctx.tx, household_id))
