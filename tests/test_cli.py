"""The command line as an operator meets it: clear lines in Chinese, only data on stdout, all or nothing."""

import csv
import json
import shutil
import socket
import stat
import subprocess
import sys
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest

from bot.sandbox import wire
from store import schema
from store.exports import QUERIES
from tests.commands import COUNTY, KEYS, ROOT, RULES, SANDBOX, Server, run, run_process, serving

LISTS = {"grids": 51, "people": 88, "departments": 19, "places": 6, "shops": 2, "articles": 24}


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with the lists of the sample county."""
    return Path(shutil.copytree(COUNTY, tmp_path / "lists"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file into which the lists were imported."""
    folder = tmp_path_factory.mktemp("imported")
    done = run("import-registry", str(COUNTY), cwd=folder)
    assert (done.status, done.out, done.err) == (0, summary(), "")
    return folder / "mashang.db"


@pytest.fixture
def town(home: Path, imported: Path) -> Path:
    """A home with that database."""
    shutil.copy(imported, home)
    return home


def summary(added: bool = True) -> str:
    rows = sorted((name, count if added else 0) for name, count in LISTS.items())
    return "".join(f"{name}.csv：新增 {count}，更新 0\n" for name, count in rows)


def digest(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.db"))}


def say(server: Server, text: str) -> str:
    """What the server answers to one message of the official account."""
    response = server.say(text)
    assert response.status_code == 200
    return str(wire.official_answer(KEYS, response.content)["Content"])


# --- help


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("", "码上办：网格化治理的聊天机器人。"),
        ("serve", "启动服务。"),
        ("migrate", "建立数据库，或升级到最新结构。"),
        ("demo", "在终端里走一遍全过程，每一步都核对；全对才以 0 结束。"),
        ("import-registry", "导入网格、人员、部门、超市和商品（CSV 文件夹）；有一行不对就什么都不导入。"),
        ("classify", "给文本分类：标准输入一行一条，标准输出一行一个 JSON。不需要任何设置。"),
        ("replay", "把文件里的每一行当作一位居民的加密公众号消息，发给运行中的服务。"),
        ("export", "导出数据：cases、notices、checkins 或 ledger。电话号码已打码。"),
        ("qr", "给每个网格写一个二维码（SVG），扫码即可上报。"),
        ("cards", "打印户卡：一个片区各户的卡排成 A4 页（HTML，用浏览器打印或存成 PDF）。"),
        ("inbox retry", "再处理一次没能自动处理的消息。"),
        ("rules check", "检查规则文件。"),
    ],
)
def test_every_command_says_in_chinese_what_it_is_for(home: Path, words: str, about: str) -> None:
    done = run(*words.split(), "--help", cwd=home, env={})
    assert (done.status, done.out.splitlines()[2].strip(), done.err) == (0, about, "")


def test_the_command_line_loads_the_database_only_where_a_command_needs_it() -> None:
    loaded = "import bot.__main__, sys; print(sorted({'handlers', 'nlp', 'sqlalchemy'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# --- settings and start


def test_a_wrong_setting_ends_every_start_with_one_line(home: Path) -> None:
    done = run("serve", cwd=home, env={**RULES, "MASHANG_WECHAT_TOKEN": "aToken"})
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "设置有错：公众号的设置不完整，还缺 MASHANG_WECHAT_APP_ID、MASHANG_WECHAT_APP_SECRET"
        "（不用公众号就把它的设置全部留空）\n",
    )
    assert list(home.iterdir()) == []


def test_a_name_that_nobody_knows_is_a_reminder_once(home: Path) -> None:
    done = run("migrate", cwd=home, env={**RULES, "MASHANG_PROT": "80"})
    assert (done.status, done.err) == (0, "提醒：不认识的设置 MASHANG_PROT，没有使用\n")


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_process("serve", "--port", str(port), cwd=home)
    assert (done.status, done.out, done.err) == (
        2,
        "",
        f"不能监听 127.0.0.1:{port}（Address already in use），请换 MASHANG_HOST 或 MASHANG_PORT\n",
    )


def test_the_sandbox_never_listens_to_the_network_and_leaves_no_database_behind(home: Path) -> None:
    done = run("serve", cwd=home, env={**SANDBOX, "MASHANG_HOST": "0.0.0.0"})
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "沙箱只能在本机使用：请把 MASHANG_HOST 设为 127.0.0.1，或关掉 MASHANG_SANDBOX\n",
    )
    assert list(home.iterdir()) == []


def test_the_sandbox_never_opens_on_a_real_town(town: Path) -> None:
    before = digest(town)
    done = run("serve", cwd=town, env=SANDBOX)
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "这个数据库里有真实数据，不能开沙箱：请换一个 MASHANG_DATABASE_URL，或关掉 MASHANG_SANDBOX\n",
    )
    assert digest(town) == before


def test_a_missing_rules_folder_is_named(home: Path) -> None:
    done = run("serve", cwd=home, env={})
    assert (done.status, done.err) == (
        2,
        "规则文件有错（MASHANG_RULES_DIR=rules）："
        "categories.toml: cannot be read: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:////nowhere/town.db", "[Errno 2] No such file or directory: '/nowhere/town.db.lock'"),
        ("sqlite:///notes.txt", "file is not a database"),
        (
            "postgresql://town:secret-word@127.0.0.1:1/town",
            'connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused',
        ),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line_without_its_password(
    home: Path, url: str, why: str
) -> None:
    (home / "notes.txt").write_text("no database")
    done = run("serve", "--port", "0", cwd=home, env={**RULES, "MASHANG_DATABASE_URL": url})
    assert (done.status, done.out, done.err) == (2, "", f"打不开数据库：{why}\n")


def test_migrate_builds_a_database_and_twice_changes_nothing(home: Path) -> None:
    assert run_process("migrate", cwd=home).out == f"数据库结构：空 → {schema.head()}\n"
    before = digest(home)
    assert run("migrate", cwd=home).out == f"数据库结构：{schema.head()} → {schema.head()}\n"
    assert digest(home) == before


@pytest.mark.parametrize("words", [("export", "cases"), ("qr",), ("inbox", "retry")])
def test_a_command_that_needs_a_county_says_that_there_is_none(home: Path, words: tuple[str, ...]) -> None:
    done = run(*words, cwd=home)
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "数据库 sqlite:///mashang.db 还没有建立，请先运行 mashang serve 或 mashang migrate\n",
    )
    assert list(home.iterdir()) == []


# --- import-registry


def test_a_town_that_is_imported_a_second_time_changes_nothing(town: Path) -> None:
    assert run("import-registry", str(COUNTY), cwd=town).out == summary(added=False)


def test_bad_rows_are_listed_and_nothing_is_imported(home: Path, lists: Path) -> None:
    with (lists / "people.csv").open("a") as people:
        people.write("赵六,,boss,QH-XF-1,,\n钱七,,worker,QH-XF-99,,\n")
    done = run("import-registry", str(lists), cwd=home)
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "people.csv 第 90 行：role boss 不对，可用：resident、worker、micro_leader、volunteer、"
        "village_staff、dispatcher、department、leader、shop_manager、shop_supervisor、auditor、admin\n"
        "people.csv 第 91 行：没有编码为 QH-XF-99 的单位\n"
        "共 2 处不对，什么都没有导入。\n",
    )
    done = run("qr", cwd=home)
    assert done.err == "没有 grid 这一级的单位，请先导入：mashang import-registry 文件夹\n"


def test_a_list_that_excel_saved_in_gbk_is_read(home: Path, lists: Path) -> None:
    people = lists / "people.csv"
    people.write_bytes(people.read_text(encoding="utf-8").replace("\n", "\r\n").encode("gbk"))
    assert run("import-registry", str(lists), cwd=home).out == summary()
    assert run("import-registry", str(COUNTY), cwd=home).out == summary(added=False)


def test_a_damaged_file_is_refused_before_anything_else(home: Path, lists: Path) -> None:
    people = lists / "people.csv"
    people.write_bytes(people.read_bytes().replace("周建国".encode(), b"\xe5\x91", 1))
    done = run("import-registry", str(lists), cwd=home)
    assert (done.status, done.err) == (2, "people.csv 的编码不对，请另存为 UTF-8 的 CSV\n")


def test_invitations_are_readable_by_their_owner_alone(home: Path, lists: Path) -> None:
    file = home / "invitations.csv"
    file.write_text("an older and much longer list\n" * 1000)
    file.chmod(0o644)
    done = run("import-registry", str(lists), "--invitations", str(file), cwd=home)
    assert done.out == summary() + f"邀请码 78 个，写在 {file}（7 天内有效，请分发后删除）\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = list(csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig"))))
    assert (len(rows), rows[0]["姓名"], rows[0]["角色"], rows[0]["单位"]) == (
        78,
        "周建国",
        "网格员",
        "幸福社区第一网格",
    )
    assert {row["二维码网址"] for row in rows} == {f"http://127.0.0.1:8000/b/{row['邀请码']}" for row in rows}


def test_a_place_where_invitations_cannot_be_written_stops_the_import(home: Path, lists: Path) -> None:
    done = run("import-registry", str(lists), "--invitations", "/nowhere/codes.csv", cwd=home)
    assert (done.status, done.err) == (2, "写不了 /nowhere/codes.csv：No such file or directory\n")
    assert list(home.iterdir()) == []


# --- classify


def test_classify_needs_nothing_and_prints_one_object_a_line_in_order(tmp_path: Path) -> None:
    texts = ["井盖坏了", "", "\x00\x1b[31m", "路灯不亮\r", "井盖坏了\x0b路灯不亮\u2028一行", "拖欠工资"]
    done = run("classify", cwd=tmp_path, env={}, given="\n".join(texts).encode())
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, done.err, len(rows)) == (0, "", len(texts))
    assert [list(row) for row in rows] == [["category", "uncertain", "score", "words"]] * len(texts)
    assert [row["category"] for row in rows][:4] == ["facility", "other", "other", "facility"]
    assert rows[5]["category"] == "labor"


def test_classify_survives_bytes_that_are_no_text_and_a_machine_that_speaks_latin(tmp_path: Path) -> None:
    env = {"LC_ALL": "en_US.ISO-8859-1", "PYTHONIOENCODING": "latin-1"}
    done = run_process(
        "classify",
        cwd=tmp_path,
        env=env,
        given=b"\xef\xbb\xbf\xe4\xba\x95\xe7\x9b\x96\xe5\x9d\x8f\xe4\xba\x86\n\xff\xfe\n",
    )
    assert [json.loads(line)["category"] for line in done.out.splitlines()] == ["facility", "other"]


def test_classify_reads_the_rules_it_is_given(tmp_path: Path) -> None:
    rules = tmp_path / "ours.toml"
    rules.write_text(
        (Path(RULES["MASHANG_RULES_DIR"]) / "categories.toml")
        .read_text(encoding="utf-8")
        .replace('"facility"', '"street"')
    )
    done = run("classify", "--rules", str(rules), cwd=tmp_path, env={}, given="井盖坏了\n".encode())
    assert json.loads(done.out)["category"] == "street"
    assert run("classify", "--rules", "none.toml", cwd=tmp_path, env={}).err == (
        "规则文件有错：none.toml: cannot be read: No such file or directory\n"
    )


def test_classify_takes_ten_thousand_lines_in_seconds(tmp_path: Path) -> None:
    lines = "".join(f"第{n}栋门口的路灯坏了三天没人修，垃圾也没人清\n" for n in range(10_000))
    done = run("classify", cwd=tmp_path, env={}, given=lines.encode())
    assert (done.status, done.out.count("\n")) == (0, 10_000)


# --- export, qr, rules


def test_export_writes_every_kind_while_a_server_runs_and_shows_no_phone(sandbox: Path) -> None:
    with serving(sandbox) as server:
        say(server, "幸福社区第二网格井盖坏了，电话13812345678")
        exported = {kind: run("export", kind, cwd=sandbox) for kind in QUERIES}
    assert {kind: done.status for kind, done in exported.items()} == dict.fromkeys(QUERIES, 0)
    (case,) = [json.loads(line) for line in exported["cases"].out.splitlines()]
    assert {name: case[name] for name in ("number", "state", "category", "grid", "channel", "reporter")} == {
        "number": 1001,
        "state": "opened",
        "category": "facility",
        "grid": "QH-XF-2",
        "channel": "official",
        "reporter": "居民",
    }
    assert case["opened_at"] < case["due_at"]
    assert "13812345678" not in exported["cases"].out + exported["notices"].out
    assert [json.loads(line)["number"] for line in exported["notices"].out.splitlines()] == [1001]


def test_export_to_csv_has_a_head_line_and_plain_cells(sandbox: Path) -> None:
    with serving(sandbox) as server:
        say(server, "幸福社区第二网格井盖坏了")
    (case,) = csv.DictReader(StringIO(run("export", "cases", "--format", "csv", cwd=sandbox).out))
    assert (case["number"], case["words"], case["grid"]) == ("1001", "井盖、坏了", "QH-XF-2")
    assert run("export", "checkins", "--format", "csv", cwd=sandbox).out == "day,name,grid,late,at\n"


def test_reading_changes_no_byte_of_the_database_not_even_after_a_crash(sandbox: Path) -> None:
    with serving(sandbox) as server:
        say(server, "幸福社区第二网格井盖坏了")
        server.process.kill()
        server.process.wait()
    before = digest(sandbox)
    assert run("export", "cases", cwd=sandbox).out.count("\n") == 1
    assert run("qr", cwd=sandbox).status == 0
    assert digest(sandbox) == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("export", "people"), "没有 people 这一种，可用：cases、notices、checkins、ledger\n"),
        (("export", "cases", "--format", "xml"), "没有 xml 这种格式，可用：jsonl、csv\n"),
    ],
)
def test_an_unknown_kind_or_format_is_refused(home: Path, words: tuple[str, ...], why: str) -> None:
    done = run(*words, cwd=home)
    assert (done.status, done.out, done.err) == (2, "", why)


def test_every_grid_gets_a_code_that_opens_its_page_and_is_the_same_again(town: Path) -> None:
    env = {**RULES, "MASHANG_PUBLIC_URL": "https://town.example.cn"}
    done = run("qr", "--out", "codes", cwd=town, env=env)
    assert (done.out, done.err) == ("32 个二维码写在 codes，网址以 https://town.example.cn/r/ 开头\n", "")
    svg = (town / "codes" / "QH-XF-1.svg").read_text(encoding="utf-8")
    assert [part in svg for part in ("<svg", "viewBox=", "<title>幸福社区第一网格</title>")] == [True] * 3
    run("qr", "--out", "again", "--level", "all", cwd=town, env=env)
    assert (town / "again" / "QH-XF-1.svg").read_text(encoding="utf-8") == svg
    assert len(list((town / "again").iterdir())) == LISTS["grids"]


def test_a_code_that_opens_only_on_this_machine_is_a_reminder(town: Path) -> None:
    done = run("qr", "--level", "county", cwd=town)
    assert done.err == "提醒：没有设 MASHANG_PUBLIC_URL，二维码和进度链接只能在本机打开\n"


def test_good_rules_are_counted_and_a_broken_one_is_named_with_file_block_and_reason(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(RULES["MASHANG_RULES_DIR"], tmp_path / "rules"))
    done = run("rules", "check", cwd=tmp_path, env={})
    assert (done.status, done.out.split("，")[0], done.err) == (0, "没有问题：22 个类别", "")
    notices = folder / "notices.toml"
    notices.write_text(notices.read_text(encoding="utf-8").replace('to = "village"', 'to = "vilage"', 1))
    done = run("rules", "check", cwd=tmp_path, env={})
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "规则文件有错：notices.toml 第 1 块（opened_in_grid）：to = 'vilage' 不对，"
        "可用：all、county、department、grid、micro、reporter、town、village\n"
    )
    (folder / "points.toml").write_text("[[points]\n")
    notices.write_text(notices.read_text(encoding="utf-8").replace("vilage", "village"))
    assert run("rules", "check", cwd=tmp_path, env={}).err.startswith("规则文件有错：points.toml：")


# --- work handed to a running server


def test_import_is_done_by_the_running_server_which_is_ready_from_then_on(home: Path, lists: Path) -> None:
    with serving(home, {**RULES, "MASHANG_PORT": "0"}) as server:
        assert (server.get("/healthz").status_code, server.get("/readyz").status_code) == (200, 503)
        done = run("import-registry", str(lists), "--invitations", "codes.csv", cwd=home)
        assert (done.status, done.out) == (
            0,
            summary() + "邀请码 78 个，写在 codes.csv（7 天内有效，请分发后删除）\n",
        )
        ready = server.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"schema": True, "rules": True, "county": True})
        with (lists / "people.csv").open("a") as people:
            people.write("赵六,,boss,QH-XF-1,,\n")
        assert run("import-registry", str(lists), cwd=home).status == 2
        assert run("inbox", "retry", cwd=home).out == "处理好 0 条，还有 0 条不行。\n"
        assert run("migrate", cwd=home).err == "服务正在使用这个数据库，请先停掉它再升级。\n"


def test_a_message_that_came_before_the_county_is_handled_again_by_server_or_command(
    home: Path, lists: Path
) -> None:
    keys = {
        "MASHANG_WECHAT_APP_ID": "wx5a4d00000000cafe",
        "MASHANG_WECHAT_APP_SECRET": "sandbox-app-secret",
        "MASHANG_WECHAT_TOKEN": "sandboxOfficialToken",
        "MASHANG_WECHAT_AES_KEY": "bWFzaGFuZy1zYW5kYm94LW5vdC1hLXNlY3JldC1rZXk",
        "MASHANG_WECHAT_API_BASE": "http://127.0.0.1:1",
    }
    env = {**RULES, **keys, "MASHANG_PORT": "0"}
    with serving(home, env) as server:
        kept = "系统刚才出了点问题，您的消息已经保存，工作人员会处理，请不必重发。"
        assert say(server, "井盖坏了") == kept
        assert run("inbox", "retry", cwd=home, env=env).status == 1
        run("import-registry", str(lists), cwd=home, env=env)
        assert run("inbox", "retry", cwd=home, env=env).out == "处理好 1 条，还有 0 条不行。\n"
        assert say(server, "井盖坏了").splitlines()[0] == "收到，编号 1001，类别：市政设施。"
        assert server.stop() == 0
    assert run("export", "cases", cwd=home, env=env).out.count("\n") == 1
    assert run("inbox", "retry", cwd=home, env=env).out == "处理好 0 条，还有 0 条不行。\n"


def test_a_second_server_on_the_same_file_is_refused_in_one_line(sandbox: Path) -> None:
    with serving(sandbox):
        done = run("serve", cwd=sandbox, env=SANDBOX)
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "数据库 mashang.db 正由另一个码上办进程使用，请先停掉它，或换一个 MASHANG_DATABASE_URL\n",
    )


def test_work_that_cannot_be_handed_over_says_so(sandbox: Path, lists: Path) -> None:
    with serving(sandbox) as server:
        lock = sandbox / "mashang.db.lock"
        note = lock.read_text()
        lock.write_text(note.replace(server.url, "http://127.0.0.1:1"))
        done = run("import-registry", str(lists), cwd=sandbox)
        assert (done.status, done.err) == (
            2,
            "交给 http://127.0.0.1:1 的服务去办，没有回音（ConnectError），请看它的日志。\n",
        )
        lock.write_text(f"{server.url}\nguessed\n")
        done = run("import-registry", str(lists), cwd=sandbox)
        assert (done.status, done.err) == (2, f"{server.url} 的服务没有办成（HTTP 404），请看它的日志。\n")
        lock.write_text("")
        assert (
            run("import-registry", str(lists), cwd=sandbox).err
            == "另一个 mashang 命令正在写这个数据库，请等它结束再试。\n"
        )
