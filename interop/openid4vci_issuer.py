"""An issuer by openid4vci: metadata, nonces, credentials, proofs and both forms are the library's; addresses, who is offered what, and which
certificate signs stand here, as its backend asks.

openid4vci_issuer.py PORT TLS TLS-KEY SIGNER SIGNER-KEY (files in PEM) serves https://localhost:PORT; GET /offer?id=pid gives a link and the
number that goes with it.
"""
import base64
import json
import secrets
import sys
import time
import urllib.parse

import cbor2
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from joserfc.jwk import ECKey
from openid4vci.adapters.mdoc import LocalCoseSigner, MdocAdapter
from openid4vci.adapters.sd_jwt_vc import SdJwtVcAdapter
from openid4vci.authorization import InMemoryAuthorizationServer, TokenError
from openid4vci.crypto.proofs import validate_jwt_proof
from openid4vci.crypto.signer import LocalJwsSigner
from openid4vci.exceptions import CredentialRequestError
from openid4vci.models.credential import CredentialErrorCode, CredentialResponse
from openid4vci.models.oauth import TokenRequest
from openid4vci.models.offer import offer_uri_by_value
from openid4vci.reference import InMemoryIssuerBackend
from openid4vci.server_fastapi.app import create_router
from pycose.keys import EC2Key

port, tls, tls_key, signer, signer_key = sys.argv[1:]
ISSUER = f"https://localhost:{port}"
COPIES = 4
HOLDER = {"family_name": "SPECIMEN", "given_name": "INTEROP MUI"}
BIRTH = "1990-05-06"

key_pem = open(signer_key, "rb").read()
certificate = x509.load_pem_x509_certificate(open(signer, "rb").read()).public_bytes(serialization.Encoding.DER)
numbers = serialization.load_pem_private_key(key_pem, None).private_numbers()
x, y, d = (number.to_bytes(32, "big") for number in (numbers.public_numbers.x, numbers.public_numbers.y, numbers.private_value))


class CertifiedSigner(LocalJwsSigner):
    """The library's signer, which names its certificate as HAIP asks."""

    async def sign(self, payload, header=None):
        return await super().sign(payload, {**(header or {}), "x5c": [base64.b64encode(certificate).decode()]})


sd_jwt = SdJwtVcAdapter("urn:specimen:pid:1", CertifiedSigner(ECKey.import_key(key_pem)), issuer=ISSUER, always_visible=["iat", "exp"])
mdoc = MdocAdapter("org.iso.23220.photoID.1", LocalCoseSigner(EC2Key(crv="P_256", x=x, y=y, d=d), [certificate]))
BOUND = {
    "cryptographic_binding_methods_supported": ["jwk"],
    "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
}
METADATA = {
    "credential_issuer": ISSUER,
    **{f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("credential", "nonce", "notification", "deferred_credential")},
    "batch_credential_issuance": {"batch_size": COPIES},
    "credential_configurations_supported": {
        "pid": {**sd_jwt.metadata_fragment(), **BOUND, "scope": "pid"},
        "photo": {**mdoc.metadata_fragment(), **BOUND, "scope": "photo"},
    },
}
server = InMemoryAuthorizationServer(ISSUER)


async def issue(configuration, key):
    if configuration == "pid":
        now = int(time.time())
        return await sd_jwt.issue({**HOLDER, "birthdate": BIRTH, "iat": now, "exp": now + 864000}, holder_key=key)
    return await mdoc.issue({"org.iso.23220.1": {**HOLDER, "birth_date": cbor2.CBORTag(1004, BIRTH)}}, holder_key=key)


def nonce_of(proof):
    body = proof.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("nonce")


async def mint(request, context):
    grant = server.grant_for(context.access_token)
    if grant is None:
        raise CredentialRequestError(CredentialErrorCode.CREDENTIAL_REQUEST_DENIED, "the token counts for nothing")
    named = [name for name, identifiers in grant.credential_identifiers.items() if request.credential_identifier in identifiers]
    configuration = request.credential_configuration_id or next(iter(named), None)
    if configuration not in grant.credential_configuration_ids:
        raise CredentialRequestError(CredentialErrorCode.UNKNOWN_CREDENTIAL_IDENTIFIER, "the token is for other credentials")
    proofs = (request.proofs or {}).get("jwt", [])
    if not 1 <= len(proofs) <= COPIES:
        raise CredentialRequestError(CredentialErrorCode.INVALID_PROOF, f"between 1 and {COPIES} proofs are taken")
    nonce = nonce_of(proofs[0])
    if nonce is None or not backend.nonces.consume(nonce):
        raise CredentialRequestError(CredentialErrorCode.INVALID_NONCE, "the nonce does not count")
    keys = [validate_jwt_proof(proof, credential_issuer=ISSUER, c_nonce=nonce, supported_algorithms=["ES256"]).bound_key for proof in proofs]
    credentials = [{"credential": await issue(configuration, key)} for key in keys]
    return CredentialResponse.model_validate({"credentials": credentials, "notification_id": secrets.token_urlsafe(8)})


backend = InMemoryIssuerBackend(METADATA, mint)
app = FastAPI()
# Wallets in a browser may ask.
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=["dpop-nonce"])
app.include_router(create_router(backend))


@app.get("/.well-known/oauth-authorization-server")
async def server_metadata():
    return {
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/token",
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"],
        "pre-authorized_grant_anonymous_access_supported": True,
    }


@app.post("/token")
async def token(request: Request):
    form = dict(urllib.parse.parse_qsl((await request.body()).decode()))
    try:
        return server.redeem(TokenRequest.model_validate(form)).to_dict()
    except TokenError as error:
        return JSONResponse({"error": error.code.value, "error_description": error.description}, 400)


@app.get("/offer")
async def offer(id: str):
    number = f"{secrets.randbelow(10**6):06}"
    made, _ = server.offer("holder", [id], tx_code=number)
    return {"link": offer_uri_by_value(made), "number": number}


@app.get("/heard")
async def heard():
    """What wallets told of the credentials that they took."""
    return [one.event for one in backend.notifications]


uvicorn.run(app, host="127.0.0.1", port=int(port), ssl_certfile=tls, ssl_keyfile=tls_key, log_level="info")
