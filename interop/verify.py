"""What verifiers of others say of the credentials that a wallet of others took: openvc-core and pymdoccbor.

verify.py FOLDER CA [--revoked CODE]: reads FOLDER/credentials.json, prints one JSON object a line. With --revoked, credentials of that
authority must be refused for their status.
"""
import base64
import json
import pathlib
import ssl
import sys
import urllib.request

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from openvc import cbor, mdoc
from openvc.verify import VerificationPolicy, verify_credential
from pymdoccbor.mdoc.verifier import MdocCbor

folder, ca = pathlib.Path(sys.argv[1]), sys.argv[2]
revoked = sys.argv[4] if "--revoked" in sys.argv else None
kept = json.loads((folder / "credentials.json").read_text())
roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in kept["roots"]]
trusted = ssl.create_default_context(cafile=ca)
failed = False


def told(what, ok, detail=""):
    global failed
    failed = failed or not ok
    print(json.dumps({"what": what, "ok": ok, "detail": detail}, ensure_ascii=False), flush=True)


def status_list(uri, *_):
    request = urllib.request.Request(uri, headers={"accept": "application/statuslist+jwt"})
    token = urllib.request.urlopen(request, context=trusted, timeout=10).read().decode()
    head, payload, signature = token.split(".")
    header = json.loads(decoded(head))
    signer = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    root = next(root for root in roots if root.subject == signer.issuer)
    signer.verify_directly_issued_by(root)
    raw = decoded(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    signer.public_key().verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    assert header["typ"] == "statuslist+jwt"
    return json.loads(decoded(payload))


def refusal(work):
    try:
        return None, work()
    except Exception as error:  # noqa: BLE001 (whatever a verifier of others throws is its refusal)
        return f"{type(error).__name__}: {error}"[:200], None


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


for one in kept["credentials"]:
    code, name = one["code"], f"{one['code']} {one['id']}"
    if revoked and code != revoked:
        continue
    for place, copy in enumerate(one["copies"]):
        if one["form"] == "sd-jwt":
            policy = VerificationPolicy(require_status=True)
            why, _ = refusal(lambda: verify_credential(copy, policy=policy, x5c_trust_anchors=roots, resolve_status_list_token=status_list))
            if revoked:
                told(f"{name} copy {place}: openvc refuses it once it is revoked", why is not None and why.startswith("CredentialRevoked"), why or "taken")
                break
            told(f"{name} copy {place}: openvc", why is None, why or "")
            continue
        if revoked:
            break
        signed = cbor2.loads(decoded(copy))
        doctype = cbor2.loads(cbor2.loads(signed["issuerAuth"][2]).value)["docType"]
        why, _ = refusal(lambda: mdoc.verify_issuer_signed({"docType": doctype, "issuerSigned": cbor.decode(decoded(copy))}, trust_anchors=roots, expected_doc_type=doctype))
        told(f"{name} copy {place}: openvc", why is None, why or "")
        response = {"version": "1.0", "documents": [{"docType": doctype, "issuerSigned": signed}], "status": 0}

        def judged():
            read = MdocCbor()
            read.loads(cbor2.dumps(response))
            if not read.verify(roots):
                raise ValueError("the signature or the chain does not hold")

        why, _ = refusal(judged)
        told(f"{name} copy {place}: pymdoccbor", why is None, why or "")

sys.exit(1 if failed else 0)
