"""What `botocore` would sign: reads requests from the input as JSON, writes the `authorization` of each.

Each has `method`, `url` as it was sent, `headers`, `body` (base64), and with which `access_key`, `secret_key`,
`token`, `region` and `service` it was signed.
"""

from __future__ import annotations

import base64
import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class AsSent(SigV4Auth):
    """Signs the headers that were signed, at the time they were signed."""

    def __init__(self, request, credentials):
        super().__init__(credentials, request["service"], request["region"])
        signed = request["headers"]["authorization"].split("SignedHeaders=")[1].split(",")[0]
        self._signed = signed.split(";")

    def headers_to_sign(self, request):
        headers = super().headers_to_sign(request)
        for name in set(headers.keys()) - set(self._signed):
            del headers[name]
        return headers


def authorization(request):
    credentials = Credentials(request["access_key"], request["secret_key"], request["token"])
    signer = AsSent(request, credentials)
    body = base64.b64decode(request["body"])
    sent = AWSRequest(request["method"], request["url"], headers=request["headers"], data=body)
    sent.context["timestamp"] = request["headers"]["x-amz-date"]
    text = signer.string_to_sign(sent, signer.canonical_request(sent))
    headers = ";".join(sorted(signer.headers_to_sign(sent).keys()))
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(sent)}, SignedHeaders={headers}, "
        f"Signature={signer.signature(text, sent)}"
    )


json.dump([authorization(request) for request in json.load(sys.stdin)], sys.stdout)
