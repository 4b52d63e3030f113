"""The shops and articles of a registry folder. A column left empty leaves what was set in chat."""

from handlers import opening
from handlers.days import written_date
from handlers.registry_files import YES
from handlers.registry_lists import Lists, Row
from store import ledger, people, shop
from store.tx import Tx
from store.units import Registry

KEEPERS = {"shop_manager": "店长", "shop_supervisor": "监督员"}
Counts = dict[str, int]


def import_shops(
    tx: Tx, lists: Lists, registry: Registry, *, added: Counts, changed: Counts, now: int
) -> None:
    """Write both files, counting what is new or changed by file name; note who is missing in a shop."""
    _shops(tx, lists, registry, added, changed)
    _articles(tx, lists, added, changed, now)
    _note_keepers(tx, lists, registry)


def _shops(tx: Tx, lists: Lists, registry: Registry, added: Counts, changed: Counts) -> None:
    known = {one.code: one for one in shop.all_shops(tx)}
    for _, row in lists.of("shops.csv"):
        values: dict[str, object] = {
            "name": row["name"],
            "unit_id": registry.by_code[row["unit_code"]].id,
            "address": row["address"],
        }
        old = known.get(row["code"])
        windows = opening.parse(row["opening"]) if row["opening"] else None
        if row["opening"] and not (old and opening.told(old.opening) == opening.told(windows)):
            values["opening"] = windows
        if old is None:
            shop.add_shop(tx, code=row["code"], **values)
            added["shops.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            shop.change_shop(tx, old.id, **values)
            changed["shops.csv"] += 1


def _articles(tx: Tx, lists: Lists, added: Counts, changed: Counts, now: int) -> None:
    shop_ids = {one.code: one.id for one in shop.all_shops(tx)}
    known = {(a.shop_id, a.code): a for a in shop.articles_of(tx, shop_ids.values())}
    for _, row in lists.of("articles.csv"):
        shop_id = shop_ids[row["shop_code"]]
        values = {"name": row["name"], "price": int(row["price"]), "measure": row["unit"] or "件"}
        values |= _written(row)
        old = known.get((shop_id, row["code"]))
        if old is None:
            article_id = shop.add_article(tx, shop_id=shop_id, code=row["code"], **values)
            if row["service"] not in YES:
                _first_stock(tx, shop_id, article_id, int(row["stock"] or 0), now)
            added["articles.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            shop.change_article(tx, old.id, **values)
            changed["articles.csv"] += 1


def _written(row: Row) -> dict[str, object]:
    """What the columns that may stay empty say."""
    found: dict[str, object] = {name: int(row[name]) for name in ("most_a_month", "low_stock") if row[name]}
    if row["service"]:
        found["is_service"] = row["service"] in YES
    if row["supplier"]:
        found["supplier"] = row["supplier"]
    if row["best_before"]:
        day = written_date(row["best_before"])
        assert day is not None, "the files were checked"
        found["best_before"] = day.isoformat()
    return found


def _first_stock(tx: Tx, shop_id: int, article_id: int, pieces: int, now: int) -> None:
    """The stock a new article opens with. Later stock comes in by stock movements, never by an import."""
    shelf = ledger.account(tx, "shelf", unit=article_id, owner=shop_id)
    ledger.account(tx, "reserved", unit=article_id, owner=shop_id)
    if pieces:
        ledger.move(
            tx,
            kind="restock",
            debit=ledger.account(tx, "supplier", unit=article_id),
            credit=shelf,
            unit=article_id,
            amount=pieces,
            idem=f"stock:first:{article_id}",
            txn=f"stock:first:{article_id}",
            reason="期初库存",
            now=now,
        )


def _note_keepers(tx: Tx, lists: Lists, registry: Registry) -> None:
    """Each shop has one who hands over and another who watches."""
    for line, row in lists.of("shops.csv"):
        area = [unit.id for unit in registry.chain(registry.by_code[row["unit_code"]].id)]
        holders = {
            role: {person_id for person_id, _, _ in people.holding(tx, role, area)} for role in KEEPERS
        }
        where = f"shops.csv 第 {line} 行：{row['name']}"
        lists.notes += [f"{where}还没有{KEEPERS[role]}" for role, found in holders.items() if not found]
        if holders["shop_manager"] & holders["shop_supervisor"]:
            lists.notes.append(f"{where}的店长和监督员不能是同一个人，同一个人不能交货")
