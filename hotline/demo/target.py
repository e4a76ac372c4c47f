"""Where the running hotline is, and who may do what there: the credentials of the try-out."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from core.vocabulary import Phone
from hotline import tryout as tryout_file
from hotline.asterisk.layout import phone_password
from hotline.demo.sip import SipServer
from hotline.resolve import PHONE_SECRET
from hotline.settings import Settings
from hotline.tryout import TryOut


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of an account."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Target:
    """A running hotline.

    Args:
        base_url: of the HTTP API, without ``/api/v1``.
        sip: where it takes calls.
        administrator: who creates the agents and reads the results.
        phone_master: what phone passwords are derived from.
        credentials: file with the try-out's credentials, to be shown.
    """

    base_url: str
    sip: SipServer
    administrator: Login
    phone_master: str
    credentials: Path

    def phone_password(self, phone: Phone) -> str:
        """The SIP password of a phone."""
        return phone_password(self.phone_master, phone)

    def agent_password(self, login: str) -> str:
        """The password of a demo agent: derived, so that the next demo can use the same accounts."""
        return hmac.new(self.phone_master.encode(), f"demo:{login}".encode(), hashlib.sha256).hexdigest()[:24]


def find_target(
    settings: Settings,
    *,
    base_url: str | None = None,
    sip: SipServer | None = None,
    administrator: Login | None = None,
) -> Target:
    """The hotline that the settings describe; what is given counts more than what is found.

    Raises:
        ConfigurationError: credentials or the phones' secret are missing; says where they are looked for.
    """
    folder = settings.data_dir.absolute() / "secrets"
    tryout = _tryout(folder / tryout_file.FILE, needed=not (base_url and sip and administrator))
    if tryout is not None:
        base_url = base_url or tryout.api
        sip = sip or SipServer(tryout.sip.host, tryout.sip.port)
        administrator = administrator or Login(tryout.administrator.login, tryout.administrator.password)
    if base_url is None or sip is None or administrator is None:
        raise ConfigurationError("the address of the API, of SIP and an administrator are needed")
    return Target(
        base_url=base_url,
        sip=sip,
        administrator=administrator,
        phone_master=_phone_master(settings, folder / PHONE_SECRET),
        credentials=folder / tryout_file.FILE,
    )


def _tryout(path: Path, *, needed: bool) -> TryOut | None:
    """The try-out's addresses and credentials, where not everything was given."""
    if not needed:
        return None
    if not path.exists():
        raise ConfigurationError(
            f"{path} is not there: start the hotline with `hotline run` first, or give --base-url, --sip, "
            "--login and the password in HOTLINE_DEMO_PASSWORD"
        )
    return tryout_file.load(path)


def _phone_master(settings: Settings, path: Path) -> str:
    if settings.phone_secret is not None:
        return settings.phone_secret.get_secret_value()
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"the secret of the phones cannot be read from {path}: {error.strerror}; set HOTLINE_PHONE_SECRET"
        ) from error
