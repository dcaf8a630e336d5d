"""A library's system for tests: invenio-sip2, a server by others, over a shelf in memory.

Usage: server.py on|off: with or without error detection. Prints `port N` once it listens on a free port of the loopback, and ends
with its standard input, so that none outlives its test. It is a process of its own: nothing of it is shipped.
"""

import os
import sys
import threading

from flask import Flask
from invenio_i18n import Babel
from invenio_sip2 import InvenioSIP2
from invenio_sip2.datastore import Datastore
from invenio_sip2.models import (
    SelfcheckCheckin,
    SelfcheckCheckout,
    SelfcheckFeePaid,
    SelfcheckItemInformation,
    SelfcheckPatronInformation,
    SelfcheckPatronStatus,
    SelfcheckRenew,
)
from invenio_sip2.server import SocketServer

LIBRARY = "lib"
ACCOUNT = ("term", "1234")
READERS = {"P1", "P2"}
TITLES = {"B1": "A book", "B2": "澳門書", "B3": "Um livro"}

loans: dict[str, str] = {}
owed = {"P1": 250, "P2": 0}


class Memory(Datastore):
    """Sessions in a dictionary, where this server would keep them in Redis."""

    def __init__(self, app=None):
        self.records = {}

    def get(self, id_, record_type=None):
        start = f"{record_type}:{id_}" if record_type else id_
        return next((value for key, value in self.records.items() if key.startswith(start)), None)

    def add(self, record, id_=None, **_):
        self.records[record.get_key()] = record.dumps()

    def update(self, record, **_):
        self.records[record.get_key()] = record.dumps()

    def delete(self, record, record_type=None):
        self.records.pop(record.get_key(), None)

    def flush(self):
        self.records.clear()

    def all(self, record_type=None):
        return [value for key, value in self.records.items() if key.startswith(f"{record_type}:")]

    def search(self, query="*", index_type=None, filter_query=None):
        found = self.records.items()
        return [value for key, value in found if key.startswith(f"{index_type}:") and (filter_query or "") in key]


def login(user, password, **_):
    if (user, password) != ACCOUNT:
        return None
    return {
        "authenticated": True,
        "terminal": "desk",
        "transaction_user_id": "desk",
        "institution_id": LIBRARY,
        "library_name": "Test library",
        "library_language": "en",
    }


def status(_terminal, **_):
    return {"available": True}


def account(reader, **_):
    """What a reader has. For one who is not known this server answers with a line that is none."""
    if reader not in READERS:
        return None
    return SelfcheckPatronInformation(
        patron_id=reader,
        patron_name="Reader",
        institution_id=LIBRARY,
        valid_patron=True,
        currency_type="CNY",
        charged_items=[item for item, who in loans.items() if who == reader],
        fee_amount=f"{owed[reader] // 100}.{owed[reader] % 100:02}",
    )


def patron_status(reader, **_):
    return SelfcheckPatronStatus(patron_id=reader, institution_id=LIBRARY)


def item(barcode, **_):
    state = "CHARGED" if barcode in loans else "AVAILABLE" if barcode in TITLES else "OTHER"
    return SelfcheckItemInformation(
        item_id=barcode, title_id=TITLES.get(barcode, ""), circulation_status=state, fee_type="01"
    )


def checkout(_user, barcode, reader, **_):
    free = reader in READERS and barcode in TITLES and barcode not in loans
    if free:
        loans[barcode] = reader
    return SelfcheckCheckout(
        title_id=TITLES.get(barcode, ""), checkout=free, desensitize=free, due_date="2027-01-05"
    )


def checkin(_user, barcode, **_):
    return SelfcheckCheckin(permanent_location="Main", checkin=loans.pop(barcode, None) is not None)


def renew(_user, barcode, patron_id=None, **_):
    own = loans.get(barcode) == patron_id
    return SelfcheckRenew(title_id=TITLES.get(barcode, ""), success=own, renewal=own, due_date="2027-02-05")


def pay(_user, reader, _fee, _payment, _currency, amount, **_):
    cents = round(float(amount) * 100)
    taken = 0 < cents <= owed.get(reader, 0)
    if taken:
        owed[reader] -= cents
    return SelfcheckFeePaid(accepted=taken)


def application(detection):
    app = Flask("library")
    app.config.update(
        SECRET_KEY="of a test",
        SIP2_ERROR_DETECTION=detection,
        SIP2_DATASTORE_HANDLER=Memory,
        SIP2_LOGGING_CONSOLE=False,
        # In tenths of a second.
        SIP2_TIMEOUT_PERIOD=20,
        SIP2_RETRIES_ALLOWED=2,
        SIP2_REMOTE_ACTION_HANDLERS={
            "shelf": {
                "login_handler": login,
                "system_status_handler": status,
                "patron_handlers": {
                    "validate_patron": lambda reader, **_: reader in READERS,
                    "authorize_patron": lambda reader, password, **_: False,
                    "enable_patron": patron_status,
                    "patron_status": patron_status,
                    "account": account,
                },
                "item_handlers": {"item": item},
                "circulation_handlers": {"checkout": checkout, "checkin": checkin, "renew": renew},
                "fee_paid_handler": pay,
            }
        },
    )
    Babel(app)
    InvenioSIP2(app)
    return app


def end_with_input():
    sys.stdin.read()
    os._exit(0)


def main():
    threading.Thread(target=end_with_input, daemon=True).start()
    with application(sys.argv[1] == "on").app_context():
        server = SocketServer(name="library", host="127.0.0.1", port=0, remote="shelf", process_id=os.getpid())
        listening = next(iter(SocketServer.selector.get_map().values())).fileobj
        print("port", listening.getsockname()[1], flush=True)
        server.run()


if __name__ == "__main__":
    main()
