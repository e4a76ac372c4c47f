"""The modules that Asterisk loads: no more than the hotline uses, in loading order."""

from hotline.asterisk.install import AsteriskInstall

NEEDED: tuple[str, ...] = (
    # Timing, storage of registrations
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    # Sound
    "format_pcm",
    "format_sln",
    "format_wav",
    "codec_alaw",
    "codec_ulaw",
    "codec_a_mu",
    "codec_resample",
    "res_musiconhold",
    # SIP
    "res_pjproject",
    "res_pjsip",
    "res_rtp_asterisk",
    "res_pjsip_pubsub",  # chan_pjsip refers to it
    "res_pjsip_session",
    "res_pjsip_sdp_rtp",
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "chan_pjsip",
    # Bridges and dialplan
    "bridge_simple",
    "bridge_softmix",
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_devstate",
    "func_env",
    "func_global",
    "func_logic",
    "func_strings",
    "func_timeout",
    "func_uuid",
    "app_stack",
    "app_celgenuserevent",
    "app_confbridge",
    "app_dial",
    "app_mixmonitor",
    "app_playback",
    "app_playtones",
    "app_record",
    "app_queue",
    "app_userevent",
    "res_mutestream",
    "res_speech",  # res_agi refers to it
    "res_agi",
    "pbx_config",
    # Journal, device states over AMI
    "res_cdrel_custom",
    "cel_custom",
    "res_manager_devicestate",
)

OPTIONAL = frozenset({"res_cdrel_custom"})
"""Not in every suitable version."""


def modules_for(install: AsteriskInstall | None) -> list[str]:
    """The modules to load, without optional ones that this installation lacks."""
    folder = install.module_dir if install else None
    return [
        name for name in NEEDED if name not in OPTIONAL or folder is None or (folder / f"{name}.so").exists()
    ]
