"""A recording is encrypted on disk, played through the API; tampering with it or with the audit is found."""

from pathlib import Path

from hotline.audit_chain import check
from hotline.demo.callers import Caller
from hotline.demo.phones import Answers
from tests.acceptance import audio
from tests.acceptance.centre import Centre, until
from tests.acceptance.test_first_call import CALLER_TONE
from tickets.sealing import CHUNK_BYTES, DATA


async def test_a_recording_is_encrypted_and_tampering_is_found(centre: Centre) -> None:
    await centre.staff("1001", behaviour=Answers(talk_seconds=(1.5, 1.5)))
    callers = await centre.callers(Caller("13800001111"), tone=CALLER_TONE)
    await callers.wait(20)
    await centre.settled(1)
    (row,) = await centre.rows("SELECT id::text, path_key, size_bytes FROM recordings")
    archive = centre.stack.folders.data / "recordings"
    (file,) = (path for path in archive.rglob("*") if path.is_file())
    assert file == archive / f"{row['path_key']}.enc"
    assert b"fLaC" not in file.read_bytes()

    whole = await centre.chief.recording(row["id"])
    assert len(whole) == row["size_bytes"]
    assert audio.level(audio.read(whole).left, CALLER_TONE) > audio.HEARD
    url = f"{centre.stack.api_url}/api/v1/recordings/{row['id']}/audio"
    headers = {"Authorization": f"Bearer {centre.chief._token}", "Range": "bytes=100-199"}
    async with centre.http.get(url, headers=headers) as response:
        assert (response.status, await response.read()) == (206, whole[100:200])
        assert response.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"

    data = bytearray(file.read_bytes())
    data[DATA + min(CHUNK_BYTES, len(whole)) // 2] ^= 1
    file.write_bytes(data)
    async with centre.http.get(url, headers=headers) as response:
        assert response.status == 503
        assert (await response.json(content_type=None))["code"] == "recording_damaged"
    assert await centre.total("hotline_recordings_damaged_total") == 1
    opened = "SELECT count(*) FROM audit WHERE action = $1 AND object = $2"
    assert await centre.value(opened, "recording.damaged", f"recording:{row['id']}") == 1
    assert await centre.value(opened, "recording.opened", f"recording:{row['id']}") == 2

    await _the_audit_is_whole_until_somebody_edits_it(centre)


async def _the_audit_is_whole_until_somebody_edits_it(centre: Centre) -> None:
    async def sealed() -> bool:
        return not await centre.value("SELECT count(*) FROM audit_pending")

    await until(sealed, "audit rows are not sealed")
    anchors = centre.stack.folders.data / "audit"
    await until(lambda: _anchored(centre, anchors), "the head is not noted")
    verdict = await check(centre.stack.dsn, [anchors])
    assert verdict.findings == []
    assert verdict.sealed == await centre.value("SELECT count(*) FROM audit")
    number = await centre.value("SELECT id FROM audit WHERE action = 'recording.damaged'")
    async with centre.database.acquire() as owner, owner.transaction():
        await owner.execute("ALTER TABLE audit DISABLE TRIGGER append_only")
        await owner.execute("UPDATE audit SET actor = 'nobody' WHERE id = $1", number)
        await owner.execute("ALTER TABLE audit ENABLE TRIGGER append_only")
    verdict = await check(centre.stack.dsn, [anchors])
    assert [(finding.kind, finding.audit_id) for finding in verdict.findings] == [("edited_row", number)]


async def _anchored(centre: Centre, anchors: Path) -> bool:
    head = await centre.value("SELECT head FROM audit_seals ORDER BY position DESC LIMIT 1")
    return any(head.hex() in file.read_text(encoding="utf-8") for file in anchors.glob("*.jsonl"))
