"""Triggers for who may decide: outsiders judge objections, batches benefit neither of the two who sign.

What was decided stays. A batch's lines name households; neither its proposer nor its approver lives in one.
"""

_PARTY = """SELECT 1 FROM applications a WHERE a.id = NEW.application_id
    AND (a.person_id = NEW.decided_by OR EXISTS (SELECT 1 FROM members k WHERE k.until IS NULL
         AND k.household_id = a.household_id AND k.person_id = NEW.decided_by))"""
_OBJECTION_CHANGED = """OLD.state <> 'open' OR NEW.application_id <> OLD.application_id
    OR NEW.person_id <> OLD.person_id OR NEW.text <> OLD.text OR NEW.at <> OLD.at"""

# A list that is read once, not once a member.
_HOUSEHOLDS = {
    "sqlite": "SELECT json_extract(l.value, '$.household') FROM json_each(NEW.lines) l",
    "postgresql": "SELECT CAST(l.value ->> 'household' AS bigint)"
    " FROM json_array_elements(NEW.lines) l(value)",
}
_LISTED = """SELECT 1 FROM members k WHERE k.until IS NULL
    AND k.person_id IN (NEW.proposer_id, NEW.approver_id) AND k.household_id IN ({0})"""
_BATCH_CHANGED = """OLD.state <> 'proposed' OR NEW.digest <> OLD.digest OR NEW.month <> OLD.month
    OR NEW.rule <> OLD.rule OR NEW.unit_id <> OLD.unit_id OR NEW.proposer_id <> OLD.proposer_id
    OR NEW.at <> OLD.at OR CAST(NEW.lines AS text) <> CAST(OLD.lines AS text)"""

_PARTY_SAID = "objections: judged by the household that benefits"
_OBJECTION_SAID = "objections: what was decided stays"
_LISTED_SAID = "batches: proposer or approver would benefit"
_BATCH_SAID = "batches: what was decided stays"


def _refuse(name: str, before: str, when: str, message: str) -> str:
    return f"""
    CREATE TRIGGER {name} BEFORE {before} WHEN {when}
    BEGIN SELECT RAISE(ABORT, '{message}'); END
    """


SQLITE = [
    _refuse("objections_judge_new", "INSERT ON objections", f"EXISTS ({_PARTY})", _PARTY_SAID),
    _refuse("objections_judge", "UPDATE ON objections", f"EXISTS ({_PARTY})", _PARTY_SAID),
    _refuse("objections_final", "UPDATE ON objections", _OBJECTION_CHANGED, _OBJECTION_SAID),
    *(
        _refuse(
            f"batches_listed{suffix}",
            f"{verb} ON batches",
            f"EXISTS ({_LISTED.format(_HOUSEHOLDS['sqlite'])})",
            _LISTED_SAID,
        )
        for suffix, verb in (("_new", "INSERT"), ("", "UPDATE"))
    ),
    _refuse("batches_final", "UPDATE ON batches", _BATCH_CHANGED, _BATCH_SAID),
    "CREATE TRIGGER batches_no_delete BEFORE DELETE ON batches"
    " BEGIN SELECT RAISE(ABORT, 'batches: append-only'); END",
    # REPLACE INTO deletes the old row without firing its delete trigger: refuse the second row before that.
    *(
        _refuse(
            f"{table}_once",
            f"INSERT ON {table}",
            f"EXISTS (SELECT 1 FROM {table} WHERE {key})",
            f"{table}: written before",
        )
        for table, key in (
            ("applications", "id = NEW.id"),
            ("objections", "id = NEW.id"),
            ("batches", "id = NEW.id OR digest = NEW.digest"),
        )
    ),
]

_RAISE = "RAISE EXCEPTION '{0}' USING ERRCODE = '23514'"


def _check(table: str, listed: str, said: str, changed: str, stays: str) -> list[str]:
    return [
        f"""
        CREATE FUNCTION {table}_check() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({listed}) THEN {_RAISE.format(said)}; END IF;
            IF TG_OP = 'UPDATE' THEN
                IF {changed} THEN {_RAISE.format(stays)}; END IF;
            END IF;
            RETURN NEW;
        END $$
        """,
        f"""
        CREATE TRIGGER {table}_check BEFORE INSERT OR UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_check()
        """,
    ]


POSTGRES = [
    *_check("objections", _PARTY, _PARTY_SAID, _OBJECTION_CHANGED, _OBJECTION_SAID),
    *_check("batches", _LISTED.format(_HOUSEHOLDS["postgresql"]), _LISTED_SAID, _BATCH_CHANGED, _BATCH_SAID),
    *(
        f"CREATE TRIGGER batches_no_{verb.lower()} BEFORE {verb} ON batches"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses()"
        for verb in ("DELETE", "TRUNCATE")
    ),
]
