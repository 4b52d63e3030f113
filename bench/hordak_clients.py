"""Clients of django-hordak, for comparison; run by the interpreter of an environment that has it.

`hordak_clients.py DATABASE open|transfer|bulk NUMBER [SECONDS]`; DATABASE is host:port/name.
"""

import json
import random
import sys
import time

import django
from django.conf import settings

WALLETS = 1_000
host, _, rest = sys.argv[1].partition(":")
port, _, name = rest.partition("/")
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": host,
            "PORT": port,
            "NAME": name,
            "USER": "mashang",
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "hordak"],
    DEFAULT_CURRENCY="CNY",
    CURRENCIES=["CNY"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from hordak.models import Account, AccountType, Leg, Transaction  # noqa: E402
from moneyed import Money  # noqa: E402

from bench.drive import drive  # noqa: E402

ONE = Money(1, "CNY")


def open_books() -> None:
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        for number in range(WALLETS + 1):
            Account.objects.create(
                name=f"w{number}", code=str(number), type=AccountType.asset, currencies=["CNY"]
            )
    print(json.dumps({"accounts": WALLETS}))


def transfer(clients: int, seconds: float) -> None:
    accounts = list(Account.objects.exclude(code="0").order_by("id"))

    def make_act(number: int):  # type: ignore[no-untyped-def]
        chance = random.Random(f"{time.time_ns()}:{number}")

        def act() -> None:
            debit, credit = chance.sample(accounts, 2)
            with transaction.atomic():
                debit.transfer_to(credit, ONE, description="家人")

        return act

    drive(make_act, clients, seconds)


def bulk(people: int) -> None:
    """One point to each of so many people out of one account, by the fastest means it has.

    The objects are there before the clock starts, as our awards are.
    """
    issuer, *wallets = Account.objects.order_by("id")
    made = [Transaction(description="月度评分") for _ in range(people)]
    legs = []
    for number, each in enumerate(made):
        legs.append(Leg(transaction=each, account=issuer, credit=ONE))
        legs.append(Leg(transaction=each, account=wallets[number % len(wallets)], debit=ONE))
    started = time.perf_counter()
    with transaction.atomic():
        Transaction.objects.bulk_create(made)
        Leg.objects.bulk_create(legs)
    print(json.dumps({"seconds": time.perf_counter() - started}))


if sys.argv[2] == "open":
    open_books()
elif sys.argv[2] == "transfer":
    transfer(int(sys.argv[3]), float(sys.argv[4]))
else:
    bulk(int(sys.argv[3]))
