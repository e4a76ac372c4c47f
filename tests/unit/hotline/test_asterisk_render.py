"""What gets into Asterisk's files, and what does not."""

import stat
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from hotline.asterisk.files import names
from hotline.asterisk.install import AsteriskInstall
from hotline.asterisk.layout import AsteriskSecrets, RenderedAsterisk, new_system_name, phone_password
from hotline.asterisk.modules import modules_for
from hotline.asterisk.render import identifier_order, render, render_phones
from hotline.settings import QueueSettings, Settings

SECRETS = AsteriskSecrets("ami-secret", "phone-master")


def settings(**overrides: object) -> Settings:
    given: dict[str, object] = {
        "ami_port": 5038,
        "agi_port": 4573,
        "sip_port": 5060,
        "phones": "1001-1003",
        "queues": (
            QueueSettings(name="citizens", dialled=()),
            QueueSettings(name="tax", dialled=("12366", "12367"), ring_seconds=20, wrap_up_seconds=7.2),
        ),
    }
    return Settings(**given | overrides)  # type: ignore[arg-type]  # pydantic checks them


def rendered(tmp_path: Path, **overrides: object) -> RenderedAsterisk:
    return render(
        settings(**overrides),
        SECRETS,
        tmp_path / "etc",
        state_dir=tmp_path / "s",
        prompts_dir=tmp_path / "prompts",
        system_name="0123456789abcdef",
    )


def text(tmp_path: Path, name: str, **overrides: object) -> str:
    """One rendered file without its comments."""
    lines = (rendered(tmp_path, **overrides).config_dir / name).read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith(";"))


def test_every_template_becomes_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    folder = rendered(tmp_path).config_dir
    assert {path.name for path in folder.iterdir()} == {*names(), "custom"}
    assert "extensions.conf" in names()
    for name in names():
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o640
        assert "{{" not in (folder / name).read_text()


def test_rendering_again_leaves_the_operators_files_alone(tmp_path: Path) -> None:
    own = rendered(tmp_path).config_dir / "custom" / "extensions.conf"
    own.write_text("[mine]\n")
    rendered(tmp_path)
    assert own.read_text() == "[mine]\n"


def test_manager_has_no_right_to_run_anything(tmp_path: Path) -> None:
    manager = text(tmp_path, "manager.conf")
    assert "bindaddr = 127.0.0.1\nport = 5038" in manager
    assert "webenabled = no" in manager
    assert "timestampevents = yes" in manager
    assert "write = call,agent,reporting,originate\n" in manager + "\n"
    assert "read = call,user,system\n" in manager + "\n"
    assert "permit = 127.0.0.0/255.0.0.0,::1/128" in manager
    for right in ("command", "config", "dialplan", "all"):
        assert f"write = {right}" not in manager
        assert f",{right}" not in manager
    filters = [line for line in manager.splitlines() if line.startswith("eventfilter")]
    assert len(filters) == 6
    assert all("action(include)" in line for line in filters)


def test_manager_elsewhere_is_not_closed_to_the_service(tmp_path: Path) -> None:
    assert "permit" not in text(tmp_path, "manager.conf", ami_host="192.0.2.7")


def test_dialplan_matches_digits_only_and_gives_callers_no_keys(tmp_path: Path) -> None:
    dialplan = text(tmp_path, "extensions.conf")
    assert "_." not in dialplan
    assert "_X." not in dialplan
    assert "_X!" not in dialplan
    assert "Dial(PJSIP/${EXTEN:0:4},${RING_${HOTLINE_QUEUE}},gim)" in dialplan
    assert "Answer(,i)" in dialplan
    assert f"MixMonitor({tmp_path}/s/spool/${{HOTLINE_CALL_ID}}.raw,bD)" in dialplan
    after = dialplan.partition("[from-agent]\n")[2].split()
    assert after[0::2] == ["#include"] * 4 + ["#tryinclude"]  # no extension: an agent's phone dials nothing


def test_numbers_lead_to_their_queues(tmp_path: Path) -> None:
    variables = text(tmp_path, "plan_globals.conf").splitlines()
    assert {
        "LINE_QUEUE_12366 = tax",
        "LINE_QUEUE_12367 = tax",
        "DEFAULT_QUEUE = citizens",
        "RING_tax = 20",
    } < set(variables)
    dialplan = text(tmp_path, "extensions.conf").partition("[globals]\n")[2]
    assert "#include plan_globals.conf" in dialplan.partition("[")[0]


def test_every_number_of_2_to_20_digits_is_taken_and_no_other(tmp_path: Path) -> None:
    trunk = text(tmp_path, "extensions.conf").partition("[from-trunk]")[2].partition("[hotline-arrival]")[0]
    patterns = [line.split("> ")[1].split(",")[0] for line in trunk.splitlines() if "exten" in line]
    assert patterns == [f"_{plus}{'X' * digits}" for digits in range(2, 21) for plus in ("", "+")]


def test_the_first_queue_takes_the_rest_when_each_has_numbers(tmp_path: Path) -> None:
    only = (QueueSettings(name="tax", dialled=("12366",)),)
    assert "DEFAULT_QUEUE = tax" in text(tmp_path, "plan_globals.conf", queues=only)


def test_the_plan_as_the_service_wrote_it_last_stays(tmp_path: Path) -> None:
    written = rendered(tmp_path).config_dir / "plan_queues.conf"
    written.write_text("[new]\n")
    rendered(tmp_path)
    assert written.read_text() == "[new]\n"


def test_each_music_folder_of_the_operator_is_a_class(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("heating", "not usable"):
        (data / "music" / name).mkdir(parents=True)
    assert rendered(tmp_path, data_dir=data).music_classes == ("default", "heating")
    music = text(tmp_path, "musiconhold.conf", data_dir=data)
    assert f"[heating]\nmode = files\ndirectory = {data}/music/heating\n" in music
    assert f"[default]\nmode = files\ndirectory = {tmp_path}/s/music\n" in music


@pytest.mark.parametrize(("setting", "words"), [("announcement", "recording_notice"), ("rating", "/rating")])
def test_what_is_switched_off_is_not_in_the_dialplan(tmp_path: Path, setting: str, words: str) -> None:
    assert words in text(tmp_path, "extensions.conf", **{setting: True})
    assert words not in text(tmp_path, "extensions.conf", **{setting: False})


def test_phones_of_two_lengths_can_both_be_offered(tmp_path: Path) -> None:
    dialplan = text(tmp_path, "extensions.conf", phones="99-101")
    assert "exten => _XX*X!,1,Set(HOTLINE_OFFER=${FILTER(0-9,${EXTEN:3})})" in dialplan
    assert "exten => _XXX*X!,1,Set(HOTLINE_OFFER=${FILTER(0-9,${EXTEN:4})})" in dialplan


def test_queue_rings_and_rests_as_the_settings_say(tmp_path: Path) -> None:
    assert "#include plan_queues.conf" in text(tmp_path, "queues.conf")
    tax = text(tmp_path, "plan_queues.conf").partition("[tax]")[2]
    for line in (
        "timeout = 20",
        "wrapuptime = 8",
        "ringinuse = no",
        "joinempty = yes",
        "leavewhenempty = no",
    ):
        assert f"\n{line}\n" in tax


def test_modules_are_an_explicit_list(tmp_path: Path) -> None:
    modules = text(tmp_path, "modules.conf")
    assert "autoload = no" in modules
    # The caller's text must not reach the channel before the dialplan has filtered it.
    assert "res_pjsip_caller_id" not in modules
    assert "anonymous" not in modules
    assert "app_system" not in modules


def test_modules_that_an_installation_lacks_are_left_out(tmp_path: Path) -> None:
    install = AsteriskInstall(("asterisk",), (20, 20, 1), tmp_path, None, "test")
    assert "res_cdrel_custom" not in modules_for(install)
    assert "cel_custom" in modules_for(install)
    assert "res_cdrel_custom" in modules_for(None)


def test_each_phone_has_a_password_of_its_own(tmp_path: Path) -> None:
    phones = text(tmp_path, "pjsip_phones.conf")
    passwords = {phone_password(SECRETS.phone_master, number) for number in ("1001", "1002", "1003")}
    assert len(passwords) == 3
    assert all(f"password = {password}" in phones for password in passwords)
    assert SECRETS.phone_master not in phones
    assert "max_contacts = 1" in phones
    assert "direct_media = no" in phones


def test_phone_password_depends_on_both() -> None:
    assert phone_password("a", "1001") == phone_password("a", "1001")
    assert phone_password("a", "1001") != phone_password("b", "1001")
    assert len(phone_password("a", "1001")) == 32


def test_phones_alone_can_be_rendered_again(tmp_path: Path) -> None:
    folder = rendered(tmp_path).config_dir
    before = (folder / "asterisk.conf").read_text()
    render_phones(settings(phones="1001-1005"), SECRETS, folder)
    assert "[1005](phone)" in (folder / "pjsip_phones.conf").read_text()
    assert (folder / "asterisk.conf").read_text() == before


@pytest.mark.parametrize(
    ("trunk", "order"),
    [
        (("192.0.2.0/24",), "ip,username"),
        (("127.0.0.1",), "username,ip"),
        (("192.0.2.1", "127.0.0.0/8"), "username,ip"),
        (("0.0.0.0/0",), "username,ip"),
    ],
)
def test_who_decides_who_calls(trunk: tuple[str, ...], order: str) -> None:
    assert identifier_order(trunk) == order


def test_outside_legs_exist_only_with_somewhere_to_go_and_nobody_passes_for_one(tmp_path: Path) -> None:
    assert "[outside]" not in text(tmp_path, "pjsip.conf")
    pjsip = text(tmp_path, "pjsip.conf", outside_uri="sip:gateway.example:5090")
    template, outside, third = (pjsip.index(name) for name in ("[outgoing](!)", "[outside](", "[third]("))
    assert template < outside < third
    assert "identify_by = ip" in pjsip[template:outside]
    assert "context = from-outside" in pjsip[template:outside]
    assert "contact = sip:gateway.example:5090\n" in pjsip
    assert pjsip.count("match = ") == 1


def test_system_name_is_fresh_and_short_enough(tmp_path: Path) -> None:
    assert len({new_system_name() for _ in range(100)}) == 100
    assert len(new_system_name()) < 20
    assert "systemname = 0123456789abcdef" in text(tmp_path, "asterisk.conf")
    assert "live_dangerously = no" in text(tmp_path, "asterisk.conf")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ami_port": 0}, "ami_port must be a real port"),
        ({"trunk_match": ("not an address",)}, "trunk_match"),
        ({"agi_host": "a\nexten => x"}, "line break"),
        ({"sip_host": "0.0.0.0;x"}, "semicolon"),
    ],
)
def test_values_that_cannot_be_written_are_refused(
    tmp_path: Path, overrides: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rendered(tmp_path, **overrides)
    assert not (tmp_path / "etc").exists()


def test_folder_with_a_name_that_asterisk_would_misread_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written into Asterisk"):
        rendered(tmp_path / "a;b")


def test_folder_too_deep_for_the_control_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="too long"):
        rendered(tmp_path / ("x" * 100))
