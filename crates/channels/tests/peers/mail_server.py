"""A mail server on aiosmtpd that checks DKIM with dkimpy.

Arguments: pairs of a DNS name and its TXT record. Prints its port, then a line for each
mail: envelope sender, recipient, whether each signature holds, and how many parts.
"""

import asyncio
import email
import sys

import dkim
from aiosmtpd.smtp import SMTP

RECORDS = dict(zip(sys.argv[1::2], sys.argv[2::2]))


def look_up(name, timeout=5):
    return RECORDS.get(name.decode() if isinstance(name, bytes) else name, "").encode()


class Checker:
    async def handle_DATA(self, server, session, envelope):
        verifier = dkim.DKIM(envelope.content)
        message = email.message_from_bytes(envelope.content)
        signatures = len(message.get_all("DKIM-Signature", []))
        held = [verifier.verify(idx=i, dnsfunc=look_up) for i in range(signatures)]
        parts = len(message.get_payload())
        print(envelope.mail_from, *envelope.rcpt_tos, *held, parts, "parts", flush=True)
        return "250 2.0.0 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Checker(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
