"""A verifier by openvc-core: it decrypts the answer and judges both forms by the library; the library makes no requests, so they are made here
(OpenID4VP 1.0 under HAIP 1.0: x509_hash, direct_post.jwt).

openvc_verifier.py PORT TLS TLS-KEY READER READER-KEY ROOTS (files in PEM) serves https://localhost:PORT. POST /requests with the credentials of a
query in DCQL gives a link; POST /response takes the answer; GET /verdicts/ID says what was made of it, and how the same answer fares against another
nonce, client id, transcript and root.
"""
import base64
import hashlib
import http.server
import json
import secrets
import ssl
import sys
import time
import urllib.parse

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc import jws
from joserfc.jwk import ECKey
from openvc import jwe, keys, mdoc, openid4vp

port, tls, tls_key, reader, reader_key, roots = sys.argv[1:]
BASE = f"https://localhost:{port}"
certificate = x509.load_pem_x509_certificate(open(reader, "rb").read())
signer = ECKey.import_key(open(reader_key, "rb").read())
anchors = x509.load_pem_x509_certificates(open(roots, "rb").read())
requests = {}


def b64u(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


CLIENT_ID = "x509_hash:" + b64u(certificate.fingerprint(hashes.SHA256()))
X5C = [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]


class Asked:
    """One request, and what was made of its answer."""

    def __init__(self, credentials):
        self.id, self.nonce, self.state = (secrets.token_urlsafe(24) for _ in range(3))
        self.credentials = credentials
        self.key = ECKey.generate_key("P-256")
        self.kid = self.key.thumbprint()
        self.verdict = {"state": "open"}

    def object(self, wallet_nonce=None):
        public = {name: value for name, value in self.key.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
        now = int(time.time())
        claims = {
            "iss": CLIENT_ID, "client_id": CLIENT_ID, "aud": "https://self-issued.me/v2", "iat": now, "exp": now + 300,
            "response_type": "vp_token", "response_mode": "direct_post.jwt", "response_uri": f"{BASE}/response",
            "nonce": self.nonce, "state": self.state, "dcql_query": {"credentials": self.credentials},
            "client_metadata": {
                "jwks": {"keys": [{**public, "kid": self.kid, "use": "enc", "alg": "ECDH-ES"}]},
                "encrypted_response_enc_values_supported": ["A128GCM", "A256GCM"],
                "vp_formats_supported": {
                    "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
                    "mso_mdoc": {"issuerauth_alg_values": [-7, -9], "deviceauth_alg_values": [-7, -9]},
                },
            },
            **({"wallet_nonce": wallet_nonce} if wallet_nonce else {}),
        }
        return jws.serialize_compact({"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": X5C}, json.dumps(claims), signer)

    def transcript(self, nonce):
        info = cbor2.dumps([CLIENT_ID, nonce, unb64u(self.kid), f"{BASE}/response"])
        return cbor2.dumps([None, None, ["OpenID4VPHandover", hashlib.sha256(info).digest()]])

    def judge(self, presentations, credential, nonce, client_id, trusted):
        """What one query's presentations disclose; whatever the library throws is its refusal."""
        if credential["format"] == "mso_mdoc":
            (response,) = presentations
            doc_type = credential["meta"]["doctype_value"]
            (read,) = mdoc.verify_device_response(
                unb64u(response), trust_anchors=trusted, session_transcript=self.transcript(nonce), expected_doc_type=doc_type
            )
            assert read.device_signed
            return sorted(name for elements in read.namespaces.values() for name in elements)
        judged = openid4vp.verify_vp_token(
            {credential["id"]: presentations}, dcql_query={"credentials": [credential]}, nonce=nonce, client_id=client_id, x5c_trust_anchors=trusted
        )
        (presented,) = judged.presentations
        # What stands open in every credential is not disclosed; an object whose members stayed hidden is empty.
        registered = {"iss", "iat", "exp", "nbf", "vct", "cnf", "status", "_sd_alg"}
        return sorted(name for name, value in presented.raw.claims.items() if name not in registered and value not in ({}, []))

    def take(self, form):
        key = keys.P256KeyAgreementKey.from_jwk(self.key.as_dict(private=True), self.kid)
        answer = json.loads(jwe.decrypt_compact(form["response"], key=key))
        assert answer["state"] == self.state, "another request's state"
        tokens = answer["vp_token"]
        assert set(tokens) == {one["id"] for one in self.credentials}, f"answers to {sorted(tokens)}"
        disclosed, taken = {}, []
        for one in self.credentials:
            presentations = tokens[one["id"]]
            disclosed[one["id"]] = self.judge(presentations, one, self.nonce, CLIENT_ID, anchors)
            wrong = {
                "another nonce": (secrets.token_urlsafe(24), CLIENT_ID, anchors),
                "another root": (self.nonce, CLIENT_ID, [certificate]),
                **({"another client id": (self.nonce, "x509_hash:other", anchors)} if one["format"] == "dc+sd-jwt" else {}),
            }
            for what, against in wrong.items():
                try:
                    self.judge(presentations, one, *against)
                    taken.append(f"{one['id']} against {what}")
                except Exception:  # noqa: BLE001 (whatever the library throws is its refusal)
                    pass
        mdocs = {one["id"]: tokens[one["id"]][0] for one in self.credentials if one["format"] == "mso_mdoc"}
        self.verdict = {
            "state": "believed", "disclosed": disclosed, "taken_against": taken, "mdocs": mdocs, "nonce": self.nonce,
            "client_id": CLIENT_ID, "thumbprint": self.kid, "response_uri": f"{BASE}/response",
        }


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def say(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("cache-control", "no-store")
        # Wallets in a browser may ask.
        self.send_header("access-control-allow-origin", "*")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers["content-length"])).decode()

    def do_GET(self):
        _, place, name = self.path.split("/", 2)
        if place == "request":
            return self.say(200, requests[name].object().encode(), "application/oauth-authz-req+jwt")
        return self.say(200, json.dumps(requests[name].verdict).encode())

    def do_POST(self):
        if self.path == "/requests":
            asked = Asked(json.loads(self.body()))
            requests[asked.id] = asked
            to = {"client_id": CLIENT_ID, "request_uri": f"{BASE}/request/{asked.id}", "request_uri_method": "post"}
            return self.say(200, json.dumps({"id": asked.id, "link": "openid4vp://?" + urllib.parse.urlencode(to)}).encode())
        form = dict(urllib.parse.parse_qsl(self.body()))
        if self.path.startswith("/request/"):
            asked = requests[self.path.rsplit("/", 1)[1]]
            return self.say(200, asked.object(form.get("wallet_nonce")).encode(), "application/oauth-authz-req+jwt")
        # The key's name says whose answer it is.
        header = json.loads(unb64u(form["response"].split(".")[0]))
        asked = next(one for one in requests.values() if one.kid == header["kid"])
        try:
            asked.take(form)
        except Exception as error:  # noqa: BLE001 (whatever the library throws is its refusal)
            asked.verdict = {"state": "refused", "why": f"{type(error).__name__}: {error}"}
            return self.say(400, b'{"error":"invalid_request"}')
        return self.say(200, json.dumps({"redirect_uri": f"{BASE}/done"}).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(tls, tls_key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listens on {BASE}", flush=True)
server.serve_forever()
