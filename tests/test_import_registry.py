"""A town brings its own lists: all of it or nothing, every bad line named, the same again changes nothing."""

import time
from collections.abc import Iterator

import pytest

from handlers.codes import keyed
from handlers.import_registry import BadFiles, Imported, import_registry
from handlers.opening import HOW
from store import audit, invitations, people, units
from store.db import Database
from store.people import Post
from store.tx import Tx
from tests.commands import COUNTY
from tests.town import DAY, NOW

GRIDS = """code,name,level,parent_code,kind,households,people,group_webhook
C,安禾县,county,,,,,https://hook.example.cn/send?key=c
T,青河镇,town,C,,,,https://hook.example.cn/send?key=t
V,幸福村,village,T,,,,https://hook.example.cn/send?key=t
G1,第一网格,grid,V,general,400,1200,
G2,第二网格,grid,V,dedicated,,,
"""
PEOPLE = """name,phone,role,grid_code,wecom_userid,openid
张网格,13800000001,worker,G1,ZhangWangge,o-zhang
李居民,13800000002,resident,G2,,o-li
"""
TOWN = {"grids.csv": GRIDS, "people.csv": PEOPLE}


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


def bring(db: Database, files: dict[str, str], *, invite: bool = False, now: int = NOW) -> Imported:
    return db.write(lambda tx: import_registry(tx, files, secret=b"secret", now=now, invite=invite))


def errors(db: Database, files: dict[str, str]) -> list[str]:
    with pytest.raises(BadFiles) as bad:
        bring(db, files)
    return bad.value.errors


def counts(done: Imported) -> dict[str, tuple[int, int]]:
    both = {name: (done.added[name], done.changed[name]) for name in done.added}
    return {name: count for name, count in both.items() if count != (0, 0)}


def tree(db: Database) -> dict[str, str | None]:
    """The parent of each unit, by code."""
    with db.read() as tx:
        registry = units.load(tx)
    return {
        unit.code: registry.units[unit.parent_id].code if unit.parent_id else None
        for unit in registry.units.values()
    }


def person(db: Database, openid: str) -> tuple[str, str, list[tuple[str, str]]]:
    """(name, phone, [(role, unit)]) of whoever writes from an openid."""
    with db.read() as tx:
        known = people.by_account(tx, "official", openid)
        registry = units.load(tx)
    assert known is not None
    return (
        known[1].name,
        known[1].phone,
        [(post.role, registry.units[post.unit_id].code) for post in known[1].posts],
    )


def grids(*rows: str) -> dict[str, str]:
    return {
        "grids.csv": "code,name,level,parent_code\n" + "\n".join(rows) + "\n",
        "people.csv": PEOPLE.splitlines()[0],
    }


def with_people(*rows: str, **more: str) -> dict[str, str]:
    return {
        **TOWN,
        "people.csv": "name,phone,role,grid_code,wecom_userid,openid\n" + "\n".join(rows) + "\n",
        **more,
    }


def test_the_sample_county_comes_in_whole_and_a_second_time_changes_nothing(db: Database) -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in COUNTY.glob("*.csv")}
    rows = {name: len(text.strip().splitlines()) - 1 for name, text in files.items()}
    assert counts(bring(db, files)) == {name: (count, 0) for name, count in rows.items()}
    with db.read() as tx:
        revision = units.revision(tx)
    assert counts(bring(db, files)) == {}
    with db.read() as tx:
        assert (units.revision(tx), audit.drift(tx)) == (revision, [])


def test_units_people_posts_and_accounts_stand_as_written(db: Database) -> None:
    assert counts(bring(db, TOWN)) == {"grids.csv": (5, 0), "people.csv": (2, 0)}
    assert tree(db) == {"C": None, "T": "C", "V": "T", "G1": "V", "G2": "V"}
    assert person(db, "o-zhang") == ("张网格", "13800000001", [("worker", "G1")])
    assert person(db, "o-li") == ("李居民", "13800000002", [])
    with db.read() as tx:
        first = units.load(tx).by_code["G1"]
    assert (first.kind, first.households, first.people, first.group_webhook) == ("general", 400, 1200, "")


def test_the_order_of_the_rows_does_not_matter(db: Database) -> None:
    head, *rows = GRIDS.splitlines()
    bring(db, {**TOWN, "grids.csv": "\n".join([head, *reversed(rows)])})
    assert tree(db) == {"C": None, "T": "C", "V": "T", "G1": "V", "G2": "V"}


def test_windows_line_ends_a_mark_full_width_digits_and_blank_lines_are_no_mistake(db: Database) -> None:
    text = "\ufeff" + PEOPLE.replace("13800000001", " １３８ 0000-0001 ").replace("李居民", "\n,,,,,\n李居民")
    bring(db, {"grids.csv": GRIDS.replace("\n", "\r\n"), "people.csv": text.replace("\n", "\r\n")})
    assert person(db, "o-zhang") == ("张网格", "13800000001", [("worker", "G1")])


def test_empty_columns_that_excel_leaves_at_the_end_are_no_mistake(db: Database) -> None:
    text = "\n".join(f"{line},," for line in PEOPLE.splitlines())
    assert counts(bring(db, {**TOWN, "people.csv": text})) == {"grids.csv": (5, 0), "people.csv": (2, 0)}


# --- parents


def test_a_parent_left_empty_is_the_lowest_unit_that_surely_holds_the_new_one(db: Database) -> None:
    files = grids("C,县,county,", "T,镇,town,", "V1,甲村,village,", "V2,乙村,village,", "G,网格,grid,")
    assert bring(db, files).notes == [
        "grids.csv 第 3 行：没有填 parent_code，镇归到 C",
        "grids.csv 第 4 行：没有填 parent_code，甲村归到 T",
        "grids.csv 第 5 行：没有填 parent_code，乙村归到 T",
        "grids.csv 第 6 行：没有填 parent_code，网格归到 T",
    ]
    assert tree(db) == {"C": None, "T": "C", "V1": "T", "V2": "T", "G": "T"}


def test_the_three_columns_that_must_be_there_are_enough(db: Database) -> None:
    files = {
        "grids.csv": "code,name,level\nT,镇,town\nG,网格,grid\n",
        "people.csv": "name,role,grid_code\n王五,worker,G\n",
    }
    assert counts(bring(db, files)) == {"grids.csv": (2, 0), "people.csv": (1, 0)}
    assert counts(bring(db, files)) == {}
    assert tree(db) == {"T": None, "G": "T"}


def test_a_moved_grid_moves_and_an_empty_parent_leaves_it_where_it_is(db: Database) -> None:
    bring(db, TOWN)
    more = GRIDS + "V2,平安村,village,T,,,,\n"
    moved = more.replace("G2,第二网格,grid,V,", "G2,第二网格,grid,V2,")
    assert counts(bring(db, {**TOWN, "grids.csv": moved})) == {"grids.csv": (1, 1)}
    assert tree(db)["G2"] == "V2"
    empty = moved.replace("G2,第二网格,grid,V2,", "G2,第二网格,grid,,")
    assert counts(bring(db, {**TOWN, "grids.csv": empty})) == {}


def test_two_tops_a_loop_and_an_unknown_or_lower_parent_are_refused(db: Database) -> None:
    assert errors(db, grids("C,县,county,", "D,另一县,county,")) == [
        "grids.csv 第 2 行：只能有一个没有上级的单位，现有 C、D",
        "grids.csv 第 3 行：只能有一个没有上级的单位，现有 C、D",
    ]
    assert errors(
        db, grids("C,县,county,", "T,镇,town,V", "V,村,village,T", "X,网格,grid,nowhere", "Y,格,grid,Y")
    ) == [
        "grids.csv 第 3 行：上级 V 的级别（village）要比 town 高",
        "grids.csv 第 5 行：上级 nowhere 不存在",
        "grids.csv 第 6 行：上级 Y 的级别（grid）要比 grid 高",
    ]
    assert errors(db, grids("A,甲,town,B", "B,乙,town,A")) == [
        "grids.csv：没有一个单位是最高的（没有上级的）",
        "grids.csv 第 2 行：上级 B 的级别（town）要比 town 高",
        "grids.csv 第 3 行：上级 A 的级别（town）要比 town 高",
    ]


def test_a_second_county_does_not_come_into_the_house(db: Database) -> None:
    bring(db, TOWN)
    assert errors(db, grids("D,另一县,county,")) == ["grids.csv 第 2 行：只能有一个没有上级的单位，现有 C、D"]


# --- bad rows


def test_every_bad_row_is_named_with_file_and_line_and_nothing_is_imported(db: Database) -> None:
    assert errors(
        db,
        {
            "grids.csv": GRIDS
            + "坏,坏码,grid,V,general,,,\nG1,重复,grid,V,other,很多,,not a url\n"
            + "G3,,grid,V,,,,\nG4,级,hamlet,V,,,,\n",
            "people.csv": PEOPLE
            + "赵,12ab,worker,G1,,\n钱,,boss,G1,,\n孙,,worker,G9,,\n周,,worker,G1,ZhangWangge,\n吴,,,,,,,\n",
            "departments.csv": "code,name,unit_code,group_webhook\nD1,城管,T,\nD1,住建,X,ftp://x/y\n",
            "shops.csv": "code,name,unit_code\nS1,超市,X\n",
            "articles.csv": "shop_code,code,name,price,stock\nS1,A1,大米,0,\nS2,A1,油,5,-1\nS1,A1,盐,1,\n",
        },
    ) == [
        "grids.csv 第 9 行：name 没有填",
        "people.csv 第 8 行：role、grid_code 没有填",
        "grids.csv 第 7 行：编码 坏 不对：1 到 32 个字母、数字、- 或 _",
        "grids.csv 第 8 行：kind other 不对，可用：general、dedicated 或不填",
        "grids.csv 第 8 行：group_webhook 要是完整的网址",
        "grids.csv 第 8 行：households 要是 0 以上的整数",
        "grids.csv 第 10 行：level hamlet 不对，可用：county、town、village、grid、micro",
        "grids.csv 第 8 行：编码 G1 与第 5 行重复",
        "departments.csv 第 3 行：没有编码为 X 的单位",
        "departments.csv 第 3 行：group_webhook 要是完整的网址",
        "departments.csv 第 3 行：编码 D1 与第 2 行重复",
        "people.csv 第 4 行：phone 不对",
        "people.csv 第 5 行：role boss 不对，可用：resident、worker、micro_leader、volunteer、village_staff、"
        "dispatcher、department、leader、shop_manager、shop_supervisor、auditor、admin",
        "people.csv 第 6 行：没有编码为 G9 的单位",
        "people.csv 第 7 行：wecom_userid ZhangWangge 已属于另一个人",
        "shops.csv 第 2 行：没有编码为 X 的单位",
        "articles.csv 第 2 行：price 要是 1 以上的整数",
        "articles.csv 第 3 行：没有编码为 S2 的超市",
        "articles.csv 第 3 行：stock 要是 0 以上的整数",
        "articles.csv 第 4 行：编码 S1 A1 与第 2 行重复",
    ]
    assert tree(db) == {}


def test_every_bad_opening_service_and_date_of_a_shop_is_named(db: Database) -> None:
    assert errors(
        db,
        {
            **TOWN,
            "shops.csv": "code,name,unit_code,opening\nS1,超市,V,工作日 9-17\nS2,超市,V,周一 17-9\n",
            "articles.csv": "shop_code,code,name,price,stock,service,most_a_month,low_stock,best_before\n"
            "S1,A1,大米,10,5,也许,0,-1,明年\nS1,A2,理发,10,5,是,,,2027-02-30\nS1,A3,盐,10,5,否,2,5,2027年2月3日\n",
        },
    ) == [
        f"shops.csv 第 2 行：opening 不对：营业时间里的日子“工作日”没看懂，{HOW}",
        "shops.csv 第 3 行：opening 不对：营业时间“周一 17-9”的钟点不对",
        "articles.csv 第 2 行：most_a_month 要是 1 以上的整数",
        "articles.csv 第 2 行：low_stock 要是 0 以上的整数",
        "articles.csv 第 2 行：service 要写 是、否 或不填",
        "articles.csv 第 2 行：best_before 要写成 2027-01-31",
        "articles.csv 第 3 行：服务不计库存，stock 不要填",
        "articles.csv 第 3 行：best_before 要写成 2027-01-31",
    ]
    assert tree(db) == {}


def test_places_are_added_changed_and_never_doubled_and_a_bad_one_is_named_by_its_line(db: Database) -> None:
    bring(db, TOWN)
    head = "name,unit_code,kind,code\n"
    first = {**TOWN, "places.csv": head + "锦绣花苑,G1,compound,\n长虹路,G1,road,\n长虹路,G2,road,\n"}
    assert counts(bring(db, first)) == {"places.csv": (3, 0)}
    assert counts(bring(db, first)) == {}
    # A code is new, a name has gone: what an import no longer names stays.
    assert counts(bring(db, {**TOWN, "places.csv": head + "长虹路,G2,road,R7\n"})) == {"places.csv": (0, 1)}
    wrong = head + "桥,G1,,\n古樟树,G9,,\n长虹路,G1,,\n,G1,,\n长虹路,G1,road,\n"
    assert errors(db, {**TOWN, "places.csv": wrong}) == [
        "places.csv 第 5 行：name 没有填",
        "places.csv 第 2 行：name 至少 2 个字",
        "places.csv 第 3 行：没有编码为 G9 的单位",
        "places.csv 第 6 行：编码 长虹路 G1 与第 4 行重复",
    ]
    with db.read() as tx:
        registry = units.load(tx)
    assert [
        (place.name, registry.units[place.unit_id].code, place.kind, place.code) for place in registry.places
    ] == [("锦绣花苑", "G1", "compound", ""), ("长虹路", "G1", "road", ""), ("长虹路", "G2", "road", "R7")]


def test_a_head_line_that_is_wrong_hides_no_other_file_behind_a_flood_of_errors(db: Database) -> None:
    assert errors(
        db, {"grids.csv": "编码,名称\nG1,网格\n", "people.csv": "name,role,role,grid_code\n", "gird.csv": ""}
    ) == [
        "gird.csv：不认识的文件，可用：grids.csv、departments.csv、places.csv、people.csv、shops.csv、articles.csv",
        "grids.csv：缺少列 code、name、level",
        "grids.csv：不认识的列 编码、名称，可用："
        "code、name、level、parent_code、kind、households、people、group_webhook",
        "people.csv：列 role 出现了两次",
    ]
    assert errors(db, {"grids.csv": GRIDS}) == ["缺少 people.csv"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("赵,,worker,G1,,,more", "列数比表头多"),
        ('"赵\n六",,worker,G1,,', "name 里有换行或看不见的字符"),
        ("赵\x00六,,worker,G1,,", "name 里有换行或看不见的字符"),
        ("赵" * 501 + ",,worker,G1,,", "name 太长，最多 500 个字"),
    ],
)
def test_a_row_that_no_table_can_hold_is_refused(db: Database, row: str, why: str) -> None:
    line = 2 + row.count("\n")
    assert errors(db, with_people(row)) == [f"people.csv 第 {line} 行：{why}"]


def test_a_quote_that_is_never_closed_is_refused(db: Database) -> None:
    assert errors(db, with_people('"赵,,worker,G1,,')) == [
        "people.csv 第 2 行：不是正确的 CSV（unexpected end of data）"
    ]


# --- people


def test_somebody_with_several_posts_is_one_person_with_one_invitation(db: Database) -> None:
    files = with_people(
        "张三,13800000009,worker,G1,,o-1",
        "张三,138-0000-0009,micro_leader,G2,,",
        "张三,,shop_manager,V,,o-1",
        "张三,13800000009,worker,G1,,",
    )
    done = bring(db, files, invite=True)
    assert person(db, "o-1") == (
        "张三",
        "13800000009",
        [("worker", "G1"), ("micro_leader", "G2"), ("shop_manager", "V")],
    )
    assert [(one.name, one.role, one.unit) for one in done.invitations] == [("张三", "网格员", "第一网格")]
    assert counts(bring(db, files)) == {}


def test_two_people_of_one_name_are_told_apart_by_their_phones(db: Database) -> None:
    bring(db, with_people("张伟,13800000001,worker,G1,,o-1", "张伟,13800000002,worker,G1,,o-2"))
    assert [person(db, openid)[1] for openid in ("o-1", "o-2")] == ["13800000001", "13800000002"]


def test_without_phone_or_account_the_same_name_in_the_same_place_is_the_same_person(db: Database) -> None:
    files = with_people("张三,,worker,G1,,", "张三,,volunteer,G1,,", "张三,,worker,G2,,")
    assert counts(bring(db, files)) == {"grids.csv": (5, 0), "people.csv": (2, 1)}
    with db.read() as tx:
        assert [[post.role for post in each.posts] for each in people.any_of(tx, names=["张三"])] == [
            ["worker", "volunteer"],
            ["worker"],
        ]
    assert counts(bring(db, files)) == {}


def test_a_resident_who_wrote_before_the_import_keeps_account_and_person(db: Database) -> None:
    bring(db, TOWN)

    def somebody_writes(tx: Tx) -> int:
        person_id = people.add(tx, now=NOW)
        people.add_account(tx, channel="official", account="o-early", person_id=person_id)
        return person_id

    early = db.write(somebody_writes)
    files = with_people("早来,13900000001,worker,G1,,o-early")
    assert counts(bring(db, files)) == {"people.csv": (0, 1)}
    with db.read() as tx:
        known = people.by_account(tx, "official", "o-early")
    assert known is not None
    assert (known[1].id, known[1].name, known[1].phone) == (early, "早来", "13900000001")
    assert counts(bring(db, files)) == {}


def test_a_new_phone_a_new_name_and_a_new_home_are_taken_over(db: Database) -> None:
    bring(db, TOWN)
    assert counts(bring(db, with_people("张网格,13911111111,worker,G1,ZhangWangge,o-zhang"))) == {
        "people.csv": (0, 1)
    }
    assert counts(bring(db, with_people("张王葛,13911111111,worker,G2,ZhangWangge,o-zhang"))) == {
        "people.csv": (0, 1)
    }
    assert person(db, "o-zhang") == ("张王葛", "13911111111", [("worker", "G1"), ("worker", "G2")])


def test_an_account_that_is_given_to_somebody_else_goes_to_them(db: Database) -> None:
    bring(db, TOWN)
    assert counts(bring(db, with_people("新人,13700000000,worker,G2,ZhangWangge,o-zhang"))) == {
        "people.csv": (1, 0)
    }
    assert person(db, "o-zhang") == ("新人", "13700000000", [("worker", "G2")])


def test_a_liaison_belongs_to_the_department_and_its_unit(db: Database) -> None:
    bring(
        db,
        with_people(
            "刘联络,,department,D1,,o-1", **{"departments.csv": "code,name,unit_code\nD1,城管所,T\n"}
        ),
    )
    with db.read() as tx:
        known, registry = people.by_account(tx, "official", "o-1"), units.load(tx)
    assert known is not None
    (department,) = registry.departments.values()
    assert known[1].posts == (Post("department", registry.by_code["T"].id, department.id),)


# --- invitations


def test_invitations_go_to_those_who_hold_a_role_and_are_kept_hashed_for_seven_days(db: Database) -> None:
    (one,) = bring(db, TOWN, invite=True).invitations
    assert (one.name, one.role, one.unit) == ("张网格", "网格员", "第一网格")
    kept = keyed(b"secret", "invite", one.code)
    with db.read() as tx:
        known = people.by_account(tx, "official", "o-zhang")
        found = invitations.find(tx, code_hash=kept, now=NOW + 7 * DAY - 1)
        late = invitations.find(tx, code_hash=kept, now=NOW + 7 * DAY)
        plain = invitations.find(tx, code_hash=one.code, now=NOW)
    assert known is not None
    assert found is not None
    assert (found[1], late, plain) == (known[1].id, None, None)


def test_a_list_of_thousands_does_not_hold_up_messages_for_long(db: Database) -> None:
    rows = [f"人{n},138{n:08d},worker,G{n % 2 + 1},u{n},o{n}" for n in range(3_000)]
    started = time.process_time()
    assert counts(bring(db, with_people(*rows))) == {"grids.csv": (5, 0), "people.csv": (3_000, 0)}
    assert time.process_time() - started < 3
